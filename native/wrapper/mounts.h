/* A mount namespace of its own, and the terminals in it. */
#ifndef MOUNTS_H
#define MOUNTS_H

#include <stdbool.h>

#include "options.h"

/* Mounts and unmounts here do not affect the machine; its later ones arrive. Ends the program if it cannot be had. */
void enter_own_mounts(bool own_users);

/* Replaces the terminals of the machine; those that do not exist are left out. False, with a message: it could not. */
bool replace_terminals(const struct terminal *terminals, unsigned count);

#endif
