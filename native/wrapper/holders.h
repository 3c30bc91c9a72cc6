/* The processes that hold the life FIFO of a sandbox: all of its own, and what has begun to make it. */
#ifndef HOLDERS_H
#define HOLDERS_H

#include <sys/stat.h>

struct life {
  /* The descriptor by which they hold it. */
  int number;
  struct stat fifo;
  /* Reads from it. While it is open, no other file can get the same number. */
  int reader;
};

void end_holders(const struct life *life);

#endif
