/* One forwarded connection: the socket of the client and the socket to the server, and a direction each way. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

/* Where connections lead: addresses that are tried in this order. */
struct targets;

/* Begins a connection for an accepted client; owns `client` from now on. */
void connection_begin(int epoll, int client, const struct targets *targets);

/* Handles events of one of its sockets. `end` is the pointer that epoll(7) returned. */
void connection_events(void *end, uint32_t events);

/* Frees the connections that ended since the last call: no event of this round may refer to them any more. */
void free_ended_connections(void);

/* Connections that are open. */
unsigned connection_count(void);

#endif
