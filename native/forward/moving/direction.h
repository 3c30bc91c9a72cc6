/* Bytes on their way from one socket to another. */
#ifndef DIRECTION_H
#define DIRECTION_H

#include <stdbool.h>

#include "moving/pipes.h"

struct direction {
  int from;
  int to;
  struct pipe *pipe;   /* NULL while there is nothing to move */
  bool readable;       /* as far as is known: the kernel says when that changes */
  bool writable;
  bool read_ended;
  bool write_ended;   /* everything that was read is written, or can never be */
  bool failed;        /* one of the sockets was reset */
  bool receiver_gone; /* that one was `to` */
};

enum progress { ALL_MOVED, MORE_LATER, NO_PIPE };

/* Moves what can be moved now. MORE_LATER: it stopped only because other connections have their turn. */
enum progress move(struct direction *direction);

#endif
