#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pipes.h"
#include "targets.h"

/* Rounds of reading and writing before other connections have their turn. */
enum { MOST_ROUNDS = 16 };

/* Bytes on their way from one socket to the other. */
struct direction {
  int from;
  int to;
  struct pipe *pipe;
  bool readable;
  bool writable;
  bool read_ended;
  bool write_ended;
};

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

static void end(struct connection *connection, bool reset);
static bool dial(struct connection *connection);
static bool dial_next_unless_connected(struct connection *connection);
static void pump(struct connection *connection);
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
  if ((events & EPOLLERR) != 0 && has_error(at->fd)) {
    end(connection, true);
    return;
  }
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

/* Reads into the pipe; false on an error. `moved`: whether anything was read. */
static bool fill(struct direction *direction, bool *moved)
{
  if (direction->read_ended || !direction->readable)
    return true;
  if (direction->pipe == NULL && (direction->pipe = take_pipe()) == NULL)
    return false;
  struct pipe *pipe = direction->pipe;
  ssize_t got = splice(direction->from, NULL, pipe->write_end, NULL, PIPE_BYTES, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (got > 0) {
    pipe->held += (size_t)got;
    *moved = true;
  } else if (got == 0) {
    direction->read_ended = true;
    *moved = true;
  } else if (errno == EAGAIN) {
    /* A pipe that holds bytes may be the reason; then it is asked again when the pipe is empty. */
    if (pipe->held == 0)
      direction->readable = false;
  } else if (errno != EINTR) {
    return false;
  }
  return true;
}

/* Writes from the pipe; false on an error. */
static bool drain(struct direction *direction, bool *moved)
{
  struct pipe *pipe = direction->pipe;
  if (pipe == NULL || pipe->held == 0 || !direction->writable)
    return true;
  ssize_t put = splice(pipe->read_end, NULL, direction->to, NULL, pipe->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (put > 0) {
    pipe->held -= (size_t)put;
    *moved = true;
  } else if (put < 0 && errno == EAGAIN) {
    direction->writable = false;
  } else if (put == 0 || errno != EINTR) {
    return false;
  }
  return true;
}

/* Moves what can be moved; false on an error. `more`: whether it stopped only because others have their turn. */
static bool move(struct direction *direction, bool *more)
{
  bool moved = true;
  for (int round = 0; moved && round < MOST_ROUNDS; round += 1) {
    moved = false;
    if (!fill(direction, &moved) || !drain(direction, &moved))
      return false;
  }
  *more = *more || moved;
  struct pipe *pipe = direction->pipe;
  if (pipe != NULL && pipe->held == 0) {
    give_pipe(pipe);
    direction->pipe = NULL;
    pipe = NULL;
  }
  if (direction->read_ended && pipe == NULL && !direction->write_ended) {
    /* The other side may have closed already; then its own end of file or reset says so. */
    shutdown(direction->to, SHUT_WR);
    direction->write_ended = true;
  }
  return true;
}

static void pump(struct connection *connection)
{
  bool more = false;
  if (!move(&connection->in, &more) || !move(&connection->out, &more)) {
    end(connection, true);
  } else if (connection->in.write_ended && connection->out.write_ended) {
    end(connection, false);
  } else if (more) {
    /* epoll(7): a changed registration reports what is ready once more */
    watch(connection, &connection->client, EPOLL_CTL_MOD);
    watch(connection, &connection->server, EPOLL_CTL_MOD);
  }
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
