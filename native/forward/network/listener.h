/* Listening sockets. */
#ifndef LISTENER_H
#define LISTENER_H

#include "network/targets.h"

/* Listens on an address; -1 with errno when it cannot. */
int listen_on(const struct target *target);

/* Listens on a unix socket named "socket", which it makes in an open directory; -1 with errno when it cannot. */
int listen_in(int directory);

/* The port of a listening socket. */
unsigned port_of(int listener);

#endif
