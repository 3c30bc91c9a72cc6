#define _GNU_SOURCE
#include "moving/pipes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Empty pipes that are kept. The kernel counts their size against the account, pipe-user-pages-soft in pipe(7). */
enum { MOST_KEPT = 4 };

static struct pipe *kept;
static int kept_count;

struct pipe *take_pipe(void)
{
  struct pipe *pipe = kept;
  if (pipe != NULL) {
    kept = pipe->next;
    kept_count -= 1;
    return pipe;
  }
  pipe = malloc(sizeof *pipe);
  int ends[2];
  if (pipe == NULL || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    free(pipe);
    return NULL;
  }
  /* Beyond pipe-user-pages-soft (pipe(7)) the kernel refuses; then the pipe is smaller. */
  fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
  *pipe = (struct pipe){.read_end = ends[0], .write_end = ends[1]};
  return pipe;
}

void give_pipe(struct pipe *pipe)
{
  if (pipe == NULL)
    return;
  if (pipe->held == 0 && kept_count < MOST_KEPT) {
    pipe->next = kept;
    kept = pipe;
    kept_count += 1;
    return;
  }
  close(pipe->read_end);
  close(pipe->write_end);
  free(pipe);
}
