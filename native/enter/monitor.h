/* Inside the sandbox: starts the command, in a session and on a terminal of its own, signals it, and reports how it ends.
 * When nobody is at the other end of its socket any more, that is a hangup. */
#ifndef MONITOR_H
#define MONITOR_H

#include <stdbool.h>

#include "surroundings.h"

struct standard {
  /* Input, output and error of the command; -1: its terminal. */
  int descriptors[3];
};

static inline bool needs_terminal(const struct standard *standard)
{
  return standard->descriptors[0] < 0 || standard->descriptors[1] < 0 || standard->descriptors[2] < 0;
}

/* `command` is NULL for the shell of the surroundings. */
_Noreturn void monitor(int socket, const struct standard *standard, const struct surroundings *surroundings,
                       char **command);

#endif
