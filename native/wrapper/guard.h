/* The guard: without root, a process that is there until the sandbox is built. */
#ifndef GUARD_H
#define GUARD_H

#include "options.h"

/* Starts it. It waits for a line of the launcher, and ends. If the launcher ends before that line, it ends everything
 * that holds the life FIFO. */
void start_guard(const struct options *options);

#endif
