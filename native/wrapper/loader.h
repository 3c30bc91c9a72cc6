/* The loader of the network policy: a process of root outside of the sandbox, whose parent is init. */
#ifndef LOADER_H
#define LOADER_H

#include "options.h"

/* Starts it. It reads the pid of the sandbox's first process, a line end and the rules; it writes "y" on success, and
 * ends. If the launcher ends before that line, it ends everything that holds the life FIFO. */
void start_loader(const struct options *options);

#endif
