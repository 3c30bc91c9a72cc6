#include "network/targets.h"

#include <arpa/inet.h>
#include <stddef.h>

bool add_target(struct targets *targets, const char *address, uint16_t port)
{
  if (targets->count == MOST_TARGETS)
    return false;
  struct target target = {0};
  if (inet_pton(AF_INET, address, &target.address.v4.sin_addr) == 1) {
    target.address.v4.sin_family = AF_INET;
    target.address.v4.sin_port = htons(port);
    target.length = sizeof target.address.v4;
  } else if (inet_pton(AF_INET6, address, &target.address.v6.sin6_addr) == 1) {
    target.address.v6.sin6_family = AF_INET6;
    target.address.v6.sin6_port = htons(port);
    target.length = sizeof target.address.v6;
  } else {
    return false;
  }
  targets->list[targets->count++] = target;
  return true;
}

struct target with_port(struct target target, uint16_t port)
{
  if (target.address.any.sa_family == AF_INET)
    target.address.v4.sin_port = htons(port);
  else
    target.address.v6.sin6_port = htons(port);
  return target;
}

const struct target *target_at(const struct targets *targets, unsigned index)
{
  return index < targets->count ? &targets->list[index] : NULL;
}
