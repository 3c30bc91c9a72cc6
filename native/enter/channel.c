#define _GNU_SOURCE
#include "channel.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

bool is_open(const struct channel *channel)
{
  return channel->to >= 0 && (!channel->ended || channel->start < channel->end);
}

struct pollfd interest(const struct channel *channel)
{
  if (channel->start < channel->end)
    return (struct pollfd){.fd = channel->to, .events = POLLOUT};
  return (struct pollfd){.fd = channel->ended ? -1 : channel->from, .events = POLLIN};
}

static void finish(struct channel *channel)
{
  if (channel->start < channel->end || channel->to < 0)
    return;
  if (channel->own_to && shutdown(channel->to, SHUT_WR) != 0 && errno == ENOTSOCK)
    close(channel->to);
  channel->to = -1;
}

void end_input(struct channel *channel)
{
  channel->ended = true;
  finish(channel);
}

/* A reader that is gone: the writer learns it from its next write. */
static void lose_output(struct channel *channel)
{
  channel->start = channel->end = 0;
  channel->ended = true;
  if (channel->own_from && channel->from >= 0)
    close(channel->from);
  channel->from = -1;
  channel->to = -1;
}

/* A caller's descriptor may block: after poll(2), it takes that many bytes without. */
static size_t most_bytes(const struct channel *channel)
{
  size_t waiting = channel->end - channel->start;
  return channel->own_to || waiting < PIPE_BUF ? waiting : PIPE_BUF;
}

void advance(struct channel *channel, short events)
{
  if (events == 0)
    return;
  if (channel->start < channel->end) {
    ssize_t written = write(channel->to, channel->data + channel->start, most_bytes(channel));
    if (written > 0)
      channel->start += (size_t)written;
    else if (written < 0 && errno != EAGAIN && errno != EINTR)
      lose_output(channel);
    if (channel->ended)
      finish(channel);
    return;
  }
  if (channel->ended)
    return;
  ssize_t count = read(channel->from, channel->data, sizeof channel->data);
  channel->start = 0;
  channel->end = count > 0 ? (size_t)count : 0;
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
    end_input(channel); /* EIO: a terminal that nobody has open any more */
}
