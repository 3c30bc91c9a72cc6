/* Listening sockets. */
#ifndef LISTENER_H
#define LISTENER_H

#include "network/targets.h"

/* Listens on an address; -1 with errno when it cannot. */
int listen_on(const struct target *target);

/* The port of a listening socket. */
unsigned port_of(int listener);

#endif
