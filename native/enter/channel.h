/* One direction of bytes between two descriptors, with a buffer between them. */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

struct channel {
  int from, to;    /* -1: closed, or none */
  bool own_from;   /* ours: close it when `to` is gone, and it does not block */
  bool own_to;     /* ours: close it (a socket: only that direction) at the end of `from`, and it does not block */
  bool ended;      /* nothing more is read from `from` */
  size_t start, end;
  char data[65536];
};

bool is_open(const struct channel *channel);

/* What to wait for; -1 as descriptor for nothing. */
struct pollfd interest(const struct channel *channel);

/* Moves what can be moved without waiting. */
void advance(struct channel *channel, short events);

/* Nothing more comes; what is in the buffer is still written. */
void end_input(struct channel *channel);

#endif
