/* Accepts connections and moves their bytes. */
#ifndef SERVE_H
#define SERVE_H

#include "targets.h"

struct service {
  int listener;
  const struct targets *targets;
};

/* Serves until the process of the pidfd has ended; then ends the program with code 0. */
_Noreturn void serve(const struct service *services, unsigned count, int sandbox);

#endif
