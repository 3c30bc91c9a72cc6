/* A process that serves one or more listeners. */
#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "network/sandbox.h"
#include "moving/serve.h"

struct worker {
  const struct service *services;
  unsigned count;
  bool inside;     /* whether its targets are in the sandbox's network */
  int alive;       /* a descriptor that it holds open; -1: none */
  int messages;    /* where its messages go once it serves; -1: to standard error */
  unsigned most;   /* connections at the same time */
  pid_t pid;
  int process;     /* pidfd */
  long long began; /* monotonic milliseconds */
};

/* Returns when the worker serves; false when it could not. */
bool start_worker(struct worker *worker, const struct sandbox *sandbox);

long long monotonic_milliseconds(void);

#endif
