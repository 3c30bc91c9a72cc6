#define _GNU_SOURCE
#include "network/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

/* The kernel reduces it to net.core.somaxconn. */
enum { BACKLOG = 4096 };

static int listen_at(const struct sockaddr *address, socklen_t length);

int listen_on(const struct target *target)
{
  return listen_at(&target->address.any, target->length);
}

/* By the descriptor: the directories above may be accessible only to the launcher. */
int listen_in(int directory)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/socket", directory);
  return listen_at((struct sockaddr *)&address, sizeof address);
}

static int listen_at(const struct sockaddr *address, socklen_t length)
{
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, address, length) == 0 && listen(fd, BACKLOG) == 0)
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
