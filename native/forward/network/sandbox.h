/* The sandbox that is served: its namespaces and its life. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

struct sandbox {
  int process;        /* pidfd of its first process: readable when that has ended */
  int network;        /* its network namespace */
  int user;           /* the user namespace that owns the network namespace; -1: this process' own */
};

/* Ends the program with a message when the process or its namespaces cannot be opened. */
struct sandbox open_sandbox(pid_t pid);

/* Enters its network, and the user namespace that this requires. */
void join_network(const struct sandbox *sandbox);

bool sandbox_ended(const struct sandbox *sandbox);

#endif
