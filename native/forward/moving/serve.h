/* Accepts connections and moves their bytes. */
#ifndef SERVE_H
#define SERVE_H

#include "network/targets.h"

struct service {
  int listener;
  const struct targets *targets;
};

/* Connections at the same time that the limit of open files allows. */
unsigned most_connections(void);

/* Serves until the process of the pidfd `sandbox` has ended; then ends the process with code 0. Connections beyond
 * `most` wait in the kernel. */
_Noreturn void serve(const struct service *services, unsigned count, int sandbox, unsigned most);

#endif
