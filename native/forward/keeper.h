/* Holds the listeners, and starts the workers again that die, so that no connection is refused meanwhile. */
#ifndef KEEPER_H
#define KEEPER_H

#include "worker.h"

enum { MOST_WORKERS = 2 };

/* Returns when the sandbox has ended, at the end of file of `until` (-1: none), or when a worker cannot be kept, which is for the launcher to report.
 * No worker is left then. */
void keep(struct worker *workers, unsigned count, const struct sandbox *sandbox, int until);

#endif
