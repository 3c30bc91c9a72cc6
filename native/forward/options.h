/* The command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "network/targets.h"

enum { MOST_PORTS = 1024, MOST_ROUTES = 64 };

/* A listener inside the sandbox, and where on this host its connections lead. */
struct route {
  struct target listener;
  struct targets targets;
};

struct options {
  /* The sandbox: its first process, as this host sees it. */
  pid_t sandbox;
  /* Whose it becomes first of all, if the caller is root. */
  bool has_account;
  uid_t uid;
  gid_t gid;
  /* Some of the ports below are reserved for root. */
  bool low_ports;
  /* The listener on this host, for the connections into the sandbox: on the first of these ports that can be bound. */
  struct target bind_address;
  uint16_t ports[MOST_PORTS];
  unsigned port_count;
  /* A directory for a listener of its own, a unix socket, instead; -1: none. */
  int socket_directory;
  /* Where the connections of either lead, inside the sandbox. */
  struct targets inside;
  /* The ways out. */
  struct route routes[MOST_ROUTES];
  unsigned route_count;
  /* Where "PORT PID PID..." is written once everything listens; -1: nowhere. */
  int ready;
  /* A descriptor that stays open as long as one of our processes lives; -1: none. */
  int alive;
  /* At its end of file the program ends, with what it carries; -1: only the sandbox ends it. */
  int until;
  /* Where messages are written once everything listens; -1: to standard error, as before. */
  int messages;
};

/* Ends the program with a message when the words cannot be understood. */
struct options parse_options(int argc, char **argv);

#endif
