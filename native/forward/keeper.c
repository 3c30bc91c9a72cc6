#define _GNU_SOURCE
#include "keeper.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"

/* A worker that dies sooner would die again. */
enum { SHORTEST_LIFE = 1000 /* milliseconds */ };

static bool replace(struct worker *worker, const struct sandbox *sandbox)
{
  int status = 0;
  close(worker->process);
  waitpid(worker->pid, &status, 0);
  worker->pid = 0;
  if (WIFSIGNALED(status))
    warn("a process of it was ended by signal %d", WTERMSIG(status));
  else
    warn("a process of it has ended with code %d", WEXITSTATUS(status));
  return monotonic_milliseconds() - worker->began >= SHORTEST_LIFE && start_worker(worker, sandbox);
}

static bool keep_once(struct worker *workers, unsigned count, const struct sandbox *sandbox, int until)
{
  struct pollfd watched[MOST_WORKERS + 2];
  for (unsigned index = 0; index < count; index += 1)
    watched[index] = (struct pollfd){.fd = workers[index].process, .events = POLLIN};
  watched[count] = (struct pollfd){.fd = sandbox->process, .events = POLLIN};
  watched[count + 1] = (struct pollfd){.fd = until}; /* poll(2) ignores a negative one, and always reports a hangup */
  if (poll(watched, count + 2, -1) < 0)
    return true; /* interrupted */
  if (sandbox_ended(sandbox) || watched[count + 1].revents != 0)
    return false;
  for (unsigned index = 0; index < count; index += 1)
    if (watched[index].revents != 0 && !replace(&workers[index], sandbox))
      return false;
  return true;
}

void keep(struct worker *workers, unsigned count, const struct sandbox *sandbox, int until)
{
  while (keep_once(workers, count, sandbox, until))
    continue;
  for (unsigned index = 0; index < count; index += 1) {
    if (workers[index].pid <= 0)
      continue;
    kill(workers[index].pid, SIGKILL); /* one that is stopped would not notice the end */
    waitpid(workers[index].pid, NULL, 0);
  }
}
