#define _GNU_SOURCE
#include "moving/serve.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fail.h"
#include "moving/connection.h"
#include "moving/epoll.h"

enum { MOST_EVENTS = 128, MOST_ACCEPTED = 64, RETRY_MILLISECONDS = 100 };

/* Descriptors of its own: at most 64 listeners, kept pipes (pipes.c), standard streams and the like. Those of a
 * connection: two sockets, and the ends of two pipes while bytes are under way in both directions. */
enum { OWN_FILES = 96, FILES_OF_CONNECTION = 6 };

unsigned most_connections(void)
{
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur <= OWN_FILES + FILES_OF_CONNECTION)
    return 1;
  rlim_t most = (files.rlim_cur - OWN_FILES) / FILES_OF_CONNECTION;
  return most > 1000000 ? 1000000 : (unsigned)most;
}

static bool watch_all(int epoll, const struct service *services, unsigned count, int operation, uint32_t events)
{
  for (unsigned index = 0; index < count; index += 1) {
    struct epoll_event event = {.events = events, .data.ptr = (void *)&services[index]};
    if (epoll_ctl(epoll, operation, services[index].listener, &event) != 0)
      return false;
  }
  return true;
}

/* Whether `pointer` is one of the services, and not an end of a connection. */
static const struct service *service_of(void *pointer, const struct service *services, unsigned count)
{
  const struct service *service = pointer;
  return service >= services && service < services + count ? service : NULL;
}

/* False when no further connection is possible now. */
static bool accept_some(int epoll, const struct service *service, unsigned most)
{
  for (int accepted = 0; accepted < MOST_ACCEPTED; accepted += 1) {
    if (connection_count() >= most)
      return false;
    int client = accept4(service->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client >= 0)
      connection_begin(epoll, client, service->targets);
    else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
      return false;
    else if (errno != EINTR && errno != ECONNABORTED)
      return true;
  }
  return true;
}

_Noreturn void serve(const struct service *services, unsigned count, int sandbox, unsigned most)
{
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event ended = {.events = EPOLLIN, .data.ptr = NULL};
  if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, sandbox, &ended) != 0 ||
      !watch_all(epoll, services, count, EPOLL_CTL_ADD, EPOLLIN))
    fail_errno("epoll");
  bool is_full = false;
  bool was_reported = false;
  for (;;) {
    struct epoll_event events[MOST_EVENTS];
    int ready = epoll_wait(epoll, events, MOST_EVENTS, is_full ? RETRY_MILLISECONDS : -1);
    if (is_full && connection_count() < most) {
      is_full = false;
      watch_all(epoll, services, count, EPOLL_CTL_MOD, EPOLLIN);
    }
    for (int index = 0; index < ready; index += 1) {
      void *pointer = events[index].data.ptr;
      if (pointer == NULL)
        _exit(0);
      const struct service *service = service_of(pointer, services, count);
      if (service == NULL)
        connection_events(pointer, events[index].events);
      else if (!accept_some(epoll, service, most))
        is_full = true;
    }
    free_ended_connections();
    if (!is_full)
      continue;
    watch_all(epoll, services, count, EPOLL_CTL_MOD, 0);
    if (!was_reported)
      warn("%u connections are open, and the limit of open files allows no more: further ones wait", connection_count());
    was_reported = true;
  }
}
