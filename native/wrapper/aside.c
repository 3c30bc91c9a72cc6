#define _GNU_SOURCE
#include "aside.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"

_Noreturn static void be_aside(const struct options *options, int kept,
                               void (*run)(const struct options *, const struct life *))
{
  char path[64];
  struct life life = {.number = options->life};
  signal(SIGINT, SIG_IGN);
  signal(SIGQUIT, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  snprintf(path, sizeof path, "/proc/self/fd/%d", options->life);
  life.reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (life.reader < 0 || fstat(life.reader, &life.fifo) != 0)
    fail_errno("the life FIFO");
  for (int fd = STDERR_FILENO + 1; fd < 256; fd += 1)
    if (fd != kept && fd != life.reader)
      close(fd);
  run(options, &life);
  _exit(0);
}

bool start_aside(const struct options *options, int kept,
                 void (*run)(const struct options *options, const struct life *life))
{
  pid_t between = fork();
  if (between == 0) {
    pid_t aside = fork();
    if (aside == 0)
      be_aside(options, kept, run);
    _exit(aside < 0 ? 1 : 0);
  }
  int status = -1;
  return between > 0 && waitpid(between, &status, 0) == between && status == 0;
}
