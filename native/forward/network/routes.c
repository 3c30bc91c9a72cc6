#define _GNU_SOURCE
#include "network/routes.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"
#include "network/listener.h"

/* The loopback interface of every network namespace. */
enum { LOOPBACK_INDEX = 1 };

/* Adds an IPv4 address to the loopback interface; one that it has already is fine. */
static void add_address(const struct target *target)
{
  struct {
    struct nlmsghdr header;
    struct ifaddrmsg message;
    struct rtattr attribute;
    struct in_addr address;
  } request = {
      .header = {.nlmsg_len = sizeof request,
                 .nlmsg_type = RTM_NEWADDR,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE},
      .message = {.ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = LOOPBACK_INDEX},
      .attribute = {.rta_len = RTA_LENGTH(sizeof(struct in_addr)), .rta_type = IFA_LOCAL},
      .address = target->address.v4.sin_addr,
  };
  int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  union {
    struct nlmsghdr header;
    char bytes[512];
  } answer;
  if (netlink < 0 || send(netlink, &request, sizeof request, 0) < 0)
    fail_errno("netlink");
  ssize_t length = recv(netlink, &answer, sizeof answer, 0);
  if (length < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) || answer.header.nlmsg_type != NLMSG_ERROR)
    fail("netlink answered something else");
  int error = ((struct nlmsgerr *)NLMSG_DATA(&answer.header))->error;
  if (error != 0)
    fail("an address cannot be added to the sandbox's loopback interface: %s", strerror(-error));
  close(netlink);
}

static bool is_loopback(const struct target *target)
{
  return target->address.any.sa_family != AF_INET || (ntohl(target->address.v4.sin_addr.s_addr) >> 24) == 127;
}

union control {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int) * MOST_ROUTES)];
};

static struct msghdr message_of(struct iovec *data, union control *control, unsigned count)
{
  return (struct msghdr){
      .msg_iov = data,
      .msg_iovlen = 1,
      .msg_control = control->bytes,
      .msg_controllen = CMSG_SPACE(sizeof(int) * count),
  };
}

/* Runs in a process of its own, since it cannot return from the sandbox's network. */
_Noreturn static void open_inside(const struct sandbox *sandbox, const struct route *routes, unsigned count, int answer)
{
  int listeners[MOST_ROUTES];
  join_network(sandbox);
  for (unsigned index = 0; index < count; index += 1) {
    if (!is_loopback(&routes[index].listener))
      add_address(&routes[index].listener);
    listeners[index] = listen_on(&routes[index].listener);
    if (listeners[index] < 0)
      fail_errno("a listener in the sandbox cannot be opened");
  }
  char byte = 0;
  struct iovec data = {.iov_base = &byte, .iov_len = 1};
  union control control = {0};
  struct msghdr message = message_of(&data, &control, count);
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * count);
  memcpy(CMSG_DATA(header), listeners, sizeof(int) * count);
  if (sendmsg(answer, &message, 0) != 1)
    fail_errno("sendmsg");
  _exit(0);
}

void open_routes(const struct sandbox *sandbox, const struct route *routes, unsigned count, struct service *services)
{
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    fail_errno("socketpair");
  pid_t helper = fork();
  if (helper < 0)
    fail_errno("fork");
  if (helper == 0)
    open_inside(sandbox, routes, count, pair[1]);
  close(pair[1]);
  char byte;
  struct iovec data = {.iov_base = &byte, .iov_len = 1};
  union control control = {0};
  struct msghdr message = message_of(&data, &control, count);
  ssize_t got = recvmsg(pair[0], &message, MSG_CMSG_CLOEXEC);
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (got != 1 || header == NULL || header->cmsg_len != CMSG_LEN(sizeof(int) * count))
    fail("the listeners in the sandbox could not be opened");
  for (unsigned index = 0; index < count; index += 1) {
    memcpy(&services[index].listener, CMSG_DATA(header) + index * sizeof(int), sizeof(int));
    services[index].targets = &routes[index].targets;
  }
  close(pair[0]);
  waitpid(helper, NULL, 0);
}
