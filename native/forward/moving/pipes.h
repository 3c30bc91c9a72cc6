/* The pipes through which splice(2) moves bytes. A direction holds one only while it has bytes to move, so that an idle
 * connection costs two sockets and no memory of pipes. */
#ifndef PIPES_H
#define PIPES_H

#include <stddef.h>

/* What splice(2) moves at once, and the size that is asked for a pipe, in bytes. */
enum { PIPE_BYTES = 128 * 1024 };

struct pipe {
  int read_end;
  int write_end;
  size_t held; /* bytes */
  struct pipe *next;
};

/* An empty pipe; NULL when there are no descriptors or no memory left. */
struct pipe *take_pipe(void);

/* Keeps an empty pipe for the next user; closes one that holds bytes. */
void give_pipe(struct pipe *pipe);

#endif
