#define _GNU_SOURCE
#include "worker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "confine.h"
#include "fail.h"

long long monotonic_milliseconds(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (long long)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static bool is_needed(int fd, const struct worker *worker, const struct sandbox *sandbox, int told)
{
  for (unsigned index = 0; index < worker->count; index += 1)
    if (fd == worker->services[index].listener)
      return true;
  return fd == told || fd == sandbox->process || fd == worker->alive || fd == worker->messages;
}

/* `told`: gets one byte when it serves. */
_Noreturn static void work(const struct worker *worker, const struct sandbox *sandbox, pid_t keeper, int told)
{
  if (worker->inside)
    join_network(sandbox);
  for (int fd = STDERR_FILENO + 1; fd < 256; fd += 1)
    if (!is_needed(fd, worker, sandbox, told))
      close(fd);
  drop_privileges();
  /* After the last change of credentials, which would reset it; before the question whether it came too late. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != keeper)
    _exit(1);
  send_messages_to(worker->messages);
  filter_system_calls(WORKER);
  if (write(told, "", 1) != 1)
    _exit(1);
  close(told);
  serve(worker->services, worker->count, sandbox->process, worker->most);
}

bool start_worker(struct worker *worker, const struct sandbox *sandbox)
{
  pid_t keeper = getpid();
  int serves[2];
  if (pipe2(serves, O_CLOEXEC) != 0)
    return false;
  worker->began = monotonic_milliseconds();
  /* Not fork(2): which system call that makes depends on the C library, and the filter knows one. */
  worker->pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (worker->pid == 0)
    work(worker, sandbox, keeper, serves[1]);
  close(serves[1]);
  char byte;
  bool is_serving = worker->pid > 0 && read(serves[0], &byte, 1) == 1;
  close(serves[0]);
  worker->process = is_serving ? (int)syscall(SYS_pidfd_open, worker->pid, 0) : -1;
  return worker->process >= 0;
}
