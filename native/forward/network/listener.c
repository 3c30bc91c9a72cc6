#define _GNU_SOURCE
#include "network/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <unistd.h>

/* The kernel reduces it to net.core.somaxconn. */
enum { BACKLOG = 4096 };

int listen_on(const struct target *target)
{
  int fd = socket(target->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, &target->address.any, target->length) == 0 && listen(fd, BACKLOG) == 0)
    return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

unsigned port_of(int listener)
{
  struct target own = {0};
  own.length = sizeof own.address;
  if (getsockname(listener, &own.address.any, &own.length) != 0)
    return 0;
  /* sin_port and sin6_port are at the same place */
  return ntohs(own.address.v4.sin_port);
}
