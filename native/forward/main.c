/* portwrap-forward: connections to one port of this host lead into a sandbox, and connections to a few addresses in the
 * sandbox lead to this host. It has no capabilities and opens no file once it serves.
 *
 * A keeper holds the listeners and starts the workers again that die, so that no connection is refused meanwhile. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "confine.h"
#include "fail.h"
#include "listener.h"
#include "options.h"
#include "routes.h"
#include "sandbox.h"
#include "serve.h"

/* The exit code when none of the ports could be bound. */
enum { NO_PORT = 3 };

struct worker {
  const struct service *services;
  unsigned count;
  bool inside; /* whether its targets are in the sandbox's network */
  pid_t pid;
  time_t started; /* monotonic seconds */
};

static time_t now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec;
}

static int bind_first(const struct options *options)
{
  for (unsigned index = 0; index < options->bind_count; index += 1) {
    int listener = listen_on(&options->bind_addresses[index]);
    if (listener >= 0)
      return listener;
  }
  fprintf(stderr, "portwrap-forward: none of the ports can be bound\n");
  _exit(NO_PORT);
}

/* Returns when the worker serves; false when it could not. */
static bool start(struct worker *worker, const struct sandbox *sandbox)
{
  pid_t keeper = getpid();
  int serves[2];
  if (pipe2(serves, O_CLOEXEC) != 0)
    return false;
  worker->started = now();
  worker->pid = fork();
  if (worker->pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper)
      _exit(1);
    if (worker->inside)
      join_network(sandbox);
    confine();
    if (write(serves[1], "", 1) != 1)
      _exit(1);
    close(serves[0]);
    close(serves[1]);
    serve(worker->services, worker->count, sandbox->process);
  }
  close(serves[1]);
  char byte;
  bool serving = worker->pid > 0 && read(serves[0], &byte, 1) == 1;
  close(serves[0]);
  return serving;
}

static void raise_open_files(void)
{
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

/* Starts dead workers again until the sandbox ends. One that dies at once is for the launcher to report. */
static void keep(struct worker *workers, unsigned count, const struct sandbox *sandbox)
{
  for (;;) {
    pid_t ended = wait(NULL);
    if (ended < 0 && errno == EINTR)
      continue;
    if (ended < 0 || sandbox_ended(sandbox))
      return;
    for (unsigned index = 0; index < count; index += 1) {
      struct worker *worker = &workers[index];
      if (worker->pid == ended && (now() - worker->started < 1 || !start(worker, sandbox)))
        return;
    }
  }
}

int main(int argc, char **argv)
{
  struct options options = parse_options(argc, argv);
  raise_open_files();
  signal(SIGPIPE, SIG_IGN);
  struct sandbox sandbox = open_sandbox(options.sandbox);
  struct service in[1];
  struct service out[MOST_ROUTES];
  struct worker workers[2];
  unsigned count = 0;
  unsigned port = 0;
  if (options.bind_count > 0) {
    in[0] = (struct service){bind_first(&options), &options.inside};
    port = port_of(in[0].listener);
    workers[count++] = (struct worker){.services = in, .count = 1, .inside = true};
  }
  if (options.route_count > 0) {
    open_routes(&sandbox, options.routes, options.route_count, out);
    workers[count++] = (struct worker){.services = out, .count = options.route_count};
  }
  for (unsigned index = 0; index < count; index += 1)
    if (!start(&workers[index], &sandbox))
      return 1;
  if (options.ready >= 0) {
    dprintf(options.ready, "%u", port);
    for (unsigned index = 0; index < count; index += 1)
      dprintf(options.ready, " %d", (int)workers[index].pid);
    dprintf(options.ready, "\n");
    close(options.ready);
  }
  keep(workers, count, &sandbox);
  return 0;
}
