#define _GNU_SOURCE
#include "moving/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "moving/direction.h"
#include "moving/epoll.h"
#include "fail.h"
#include "network/targets.h"

struct end {
  struct connection *connection;
  int fd;
};

struct connection {
  int epoll;
  const struct targets *targets;
  unsigned tried; /* targets */
  bool connected;
  bool ended;
  struct end client;
  struct end server;
  struct direction in;
  struct direction out;
  struct connection *next_ended;
};

static struct connection *ended_connections;
static unsigned open_connections;
static bool was_cut_reported;

static void end(struct connection *connection, bool reset);
static bool dial(struct connection *connection);
static bool dial_next_unless_connected(struct connection *connection);
static void pump(struct connection *connection);
static bool was_reset(const struct direction *direction);
static bool has_error(int fd);

void connection_begin(int epoll, int client, const struct targets *targets)
{
  struct connection *connection = calloc(1, sizeof *connection);
  if (connection == NULL) {
    close(client);
    return;
  }
  open_connections += 1;
  *connection = (struct connection){.epoll = epoll, .targets = targets};
  connection->client = (struct end){connection, client};
  connection->server = (struct end){connection, -1};
  const int on = 1;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(client, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  if (!dial(connection))
    end(connection, true);
}

void connection_events(void *pointer, uint32_t events)
{
  struct end *at = pointer;
  struct connection *connection = at->connection;
  if (connection->ended)
    return;
  bool is_client = at == &connection->client;
  if (!connection->connected) {
    if (is_client)
      return;
    if (!dial_next_unless_connected(connection))
      return;
  }
  /* After a reset the socket still gives what had arrived before; reading it says when that is over. */
  struct direction *reads = is_client ? &connection->in : &connection->out;
  struct direction *writes = is_client ? &connection->out : &connection->in;
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    reads->readable = true;
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
    writes->writable = true;
  pump(connection);
}

void free_ended_connections(void)
{
  while (ended_connections != NULL) {
    struct connection *connection = ended_connections;
    ended_connections = connection->next_ended;
    free(connection);
  }
}

unsigned connection_count(void)
{
  return open_connections;
}

static bool watch(struct connection *connection, struct end *at, int operation)
{
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = at};
  return epoll_ctl(connection->epoll, operation, at->fd, &event) == 0;
}

/* Begins to connect to the next target that does not refuse at once. False when there is none. */
static bool dial(struct connection *connection)
{
  const struct target *target;
  while ((target = target_at(connection->targets, connection->tried++)) != NULL) {
    int fd = socket(target->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
      continue;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, &target->address.any, target->length) != 0 && errno != EINPROGRESS) {
      close(fd);
      continue;
    }
    connection->server.fd = fd;
    return watch(connection, &connection->server, EPOLL_CTL_ADD);
  }
  return false;
}

/* Whether the server's socket is connected. If it was refused, the next target is tried. */
static bool dial_next_unless_connected(struct connection *connection)
{
  if (has_error(connection->server.fd)) {
    close(connection->server.fd);
    connection->server.fd = -1;
    if (!dial(connection))
      end(connection, true);
    return false;
  }
  int client = connection->client.fd;
  int server = connection->server.fd;
  connection->connected = true;
  connection->in = (struct direction){.from = client, .to = server, .writable = true};
  connection->out = (struct direction){.from = server, .to = client, .writable = true};
  if (watch(connection, &connection->client, EPOLL_CTL_ADD))
    return true;
  end(connection, true);
  return false;
}

static void pump(struct connection *connection)
{
  struct direction *in = &connection->in;
  struct direction *out = &connection->out;
  enum progress inward = move(in);
  enum progress outward = move(out);
  if (inward == NO_PIPE || outward == NO_PIPE) {
    if (!was_cut_reported) /* the user could fill the log of the server */
      warn("no pipe is left for a connection: it was cut off, and so will be others");
    was_cut_reported = true;
    end(connection, true);
  } else if ((in->write_ended && out->write_ended) || was_reset(in) || was_reset(out)) {
    end(connection, in->failed || out->failed);
  } else if (inward == MORE_LATER || outward == MORE_LATER) {
    /* epoll(7): a changed registration reports what is ready once more */
    watch(connection, &connection->client, EPOLL_CTL_MOD);
    watch(connection, &connection->server, EPOLL_CTL_MOD);
  }
}

/* Whether its sender has reset the connection, and everything that had arrived before is delivered. */
static bool was_reset(const struct direction *direction)
{
  return direction->failed && direction->read_ended && direction->write_ended && !direction->receiver_gone;
}

/* `reset`: the peers see a reset, as from a server that aborts, and no regular end. */
static void end(struct connection *connection, bool reset)
{
  struct linger abort = {.l_onoff = 1, .l_linger = 0};
  int fds[] = {connection->client.fd, connection->server.fd};
  for (int index = 0; index < 2; index += 1) {
    if (fds[index] < 0)
      continue;
    if (reset)
      setsockopt(fds[index], SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    close(fds[index]);
  }
  give_pipe(connection->in.pipe);
  give_pipe(connection->out.pipe);
  connection->ended = true;
  connection->next_ended = ended_connections;
  ended_connections = connection;
  open_connections -= 1;
}

static bool has_error(int fd)
{
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0;
}
