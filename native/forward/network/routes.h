/* The ways out of a sandbox that has no other network: listeners inside whose connections lead to this host. */
#ifndef ROUTES_H
#define ROUTES_H

#include "options.h"
#include "network/sandbox.h"
#include "moving/serve.h"

/* Opens the listeners in the network of the sandbox, and gives its loopback interface their addresses.
 * Ends the program with a message when one cannot be opened. */
void open_routes(const struct sandbox *sandbox, const struct route *routes, unsigned count, struct service *services);

#endif
