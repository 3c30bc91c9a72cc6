/* Where connections lead, in the order in which addresses are tried. */
#ifndef TARGETS_H
#define TARGETS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { MOST_TARGETS = 4 };

struct target {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } address;
  socklen_t length;
};

struct targets {
  struct target list[MOST_TARGETS];
  unsigned count;
};

/* Adds a literal address, IPv4 or IPv6; false when it is none, or when there are too many. */
bool add_target(struct targets *targets, const char *address, uint16_t port);

/* The same address with another port. */
struct target with_port(struct target target, uint16_t port);

/* NULL beyond the last. */
const struct target *target_at(const struct targets *targets, unsigned index);

#endif
