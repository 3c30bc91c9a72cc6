/* A connection to a port inside a sandbox, relayed to standard input and output. */
#ifndef CONNECTION_H
#define CONNECTION_H

/* In the network of the sandbox: connects to 127.0.0.1 or ::1, hands the connection over by `socket`, and ends. */
_Noreturn void hand_over_connection(int socket, int port);

/* Outside: relays until the end of what the port sends. Returns the exit code. */
int relay_connection(int socket);

#endif
