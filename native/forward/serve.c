#define _GNU_SOURCE
#include "serve.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "fail.h"

enum { MOST_EVENTS = 128, MOST_ACCEPTED = 64, RETRY_MILLISECONDS = 100 };

/* Whether `pointer` is one of the services, and not an end of a connection. */
static const struct service *service_of(void *pointer, const struct service *services, unsigned count)
{
  const struct service *service = pointer;
  return service >= services && service < services + count ? service : NULL;
}

static void watch(int epoll, const struct service *service, bool on)
{
  struct epoll_event event = {.events = on ? EPOLLIN : 0, .data.ptr = (void *)service};
  epoll_ctl(epoll, EPOLL_CTL_MOD, service->listener, &event);
}

/* False when there are no descriptors or no memory left for another connection. */
static bool accept_some(int epoll, const struct service *service)
{
  for (int accepted = 0; accepted < MOST_ACCEPTED; accepted += 1) {
    int client = accept4(service->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client >= 0) {
      connection_begin(epoll, client, service->targets);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return false;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return true;
    }
  }
  return true;
}

_Noreturn void serve(const struct service *services, unsigned count, int sandbox)
{
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event ended = {.events = EPOLLIN, .data.ptr = NULL};
  if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, sandbox, &ended) != 0)
    fail_errno("epoll");
  for (unsigned index = 0; index < count; index += 1) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = (void *)&services[index]};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, services[index].listener, &event) != 0)
      fail_errno("epoll");
  }
  bool full = false;
  for (;;) {
    struct epoll_event events[MOST_EVENTS];
    int ready = epoll_wait(epoll, events, MOST_EVENTS, full ? RETRY_MILLISECONDS : -1);
    if (full) {
      full = false;
      for (unsigned index = 0; index < count; index += 1)
        watch(epoll, &services[index], true);
    }
    for (int index = 0; index < ready; index += 1) {
      void *pointer = events[index].data.ptr;
      const struct service *service = service_of(pointer, services, count);
      if (pointer == NULL)
        _exit(0);
      if (service == NULL)
        connection_events(pointer, events[index].events);
      else if (!accept_some(epoll, service))
        full = true;
    }
    free_ended_connections();
    if (full) {
      warn_once("no open files are left: further connections wait");
      for (unsigned index = 0; index < count; index += 1)
        watch(epoll, &services[index], false);
    }
  }
}
