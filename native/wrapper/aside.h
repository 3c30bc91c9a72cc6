/* A process aside of the command: its parent is init, and no signal of a terminal ends it. */
#ifndef ASIDE_H
#define ASIDE_H

#include <stdbool.h>

#include "holders.h"
#include "options.h"

/* Calls `run` in it, and ends it. Beyond the standard ones it has no descriptor but `kept`, and does not hold the life
 * FIFO. False: it cannot be started. */
bool start_aside(const struct options *options, int kept,
                 void (*run)(const struct options *options, const struct life *life));

#endif
