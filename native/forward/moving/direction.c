#define _GNU_SOURCE
#include "moving/direction.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

/* Rounds of reading and writing before other connections have their turn. */
enum { MOST_ROUNDS = 8 };

static bool fill(struct direction *direction);
static bool drain(struct direction *direction);

enum progress move(struct direction *direction)
{
  bool moved = true;
  for (int round = 0; moved && round < MOST_ROUNDS; round += 1) {
    bool reads = !direction->read_ended && direction->readable;
    if (reads && direction->pipe == NULL && (direction->pipe = take_pipe()) == NULL)
      return NO_PIPE;
    moved = reads && fill(direction);
    moved = drain(direction) || moved;
  }
  bool is_empty = direction->pipe == NULL || direction->pipe->held == 0;
  if (is_empty) {
    give_pipe(direction->pipe);
    direction->pipe = NULL;
  }
  if (direction->read_ended && is_empty && !direction->write_ended) {
    direction->write_ended = true;
    if (!direction->failed) /* after a reset a regular end would be a lie */
      shutdown(direction->to, SHUT_WR);
  }
  return moved ? MORE_LATER : ALL_MOVED;
}

/* Reads into the pipe; whether something changed. */
static bool fill(struct direction *direction)
{
  struct pipe *pipe = direction->pipe;
  ssize_t got = splice(direction->from, NULL, pipe->write_end, NULL, PIPE_BYTES, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (got > 0) {
    pipe->held += (size_t)got;
  } else if (got < 0 && errno == EAGAIN) {
    /* A pipe that holds bytes may be the reason; then it is asked again when the pipe is empty. */
    if (pipe->held == 0)
      direction->readable = false;
    return false;
  } else if (got == 0 || errno != EINTR) {
    direction->read_ended = true;
    direction->failed = direction->failed || got < 0;
  }
  return true;
}

/* Writes from the pipe; whether something changed. */
static bool drain(struct direction *direction)
{
  struct pipe *pipe = direction->pipe;
  if (pipe == NULL || pipe->held == 0 || !direction->writable)
    return false;
  ssize_t put = splice(pipe->read_end, NULL, direction->to, NULL, pipe->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (put > 0) {
    pipe->held -= (size_t)put;
  } else if (put < 0 && errno == EAGAIN) {
    direction->writable = false;
    return false;
  } else if (put == 0 || errno != EINTR) {
    /* The receiver is gone: what it does not want is dropped. The other direction may still bring its last words. */
    give_pipe(pipe);
    direction->pipe = NULL;
    direction->read_ended = direction->write_ended = true;
    direction->failed = direction->receiver_gone = true;
    return false;
  }
  return true;
}
