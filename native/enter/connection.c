#define _GNU_SOURCE
#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "fail.h"
#include "messages.h"

static int connect_to(int family, const struct sockaddr *address, socklen_t length)
{
  int connection = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection < 0)
    return -1;
  if (connect(connection, address, length) == 0)
    return connection;
  int error = errno;
  close(connection);
  errno = error;
  return -1;
}

void hand_over_connection(int socket, int port)
{
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)port)};
  six.sin6_addr = in6addr_loopback;
  int connection = connect_to(AF_INET, (struct sockaddr *)&four, sizeof four);
  int error = errno;
  if (connection < 0)
    connection = connect_to(AF_INET6, (struct sockaddr *)&six, sizeof six);
  if (connection < 0 && error == ECONNREFUSED)
    fail(NOT_OPEN, "no program listens on port %d in the sandbox", port);
  errno = error;
  if (connection < 0)
    fail_errno("port %d in the sandbox", port);
  struct message message = {.kind = READY};
  send_message(socket, &message, connection);
  _exit(0);
}

int relay_connection(int socket)
{
  struct message message;
  int connection = -1;
  if (!receive_message(socket, &message, &connection, NULL))
    fail(GONE, "the sandbox has ended");
  if (message.kind == REFUSED)
    fail((enum failure)message.value, "%s", message.text);
  signal(SIGPIPE, SIG_IGN);
  int on = 1;
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(connection, F_SETFL, O_NONBLOCK);
  static struct channel up, down;
  up.from = STDIN_FILENO;
  up.to = connection;
  up.own_to = true;
  down.from = connection;
  down.to = STDOUT_FILENO;
  while (is_open(&down)) {
    struct pollfd events[] = {interest(&up), interest(&down)};
    if (poll(events, 2, -1) < 0 && errno != EINTR)
      fail_errno("poll");
    advance(&up, events[0].revents);
    advance(&down, events[1].revents);
  }
  return 0;
}
