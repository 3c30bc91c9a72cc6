#define _GNU_SOURCE
#include "guard.h"

#include <errno.h>
#include <unistd.h>

#include "aside.h"
#include "fail.h"
#include "holders.h"

static void be_guard(const struct options *options, const struct life *life)
{
  char line[8];
  ssize_t count;
  do
    count = read(options->guard, line, sizeof line);
  while (count < 0 && errno == EINTR);
  if (count <= 0)
    end_holders(life);
}

void start_guard(const struct options *options)
{
  if (!start_aside(options, options->guard, be_guard))
    fail("the guard of the launch cannot be started");
}
