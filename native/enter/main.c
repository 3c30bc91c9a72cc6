/* portwrap-enter: starts a command in a sandbox that runs, or connects to a port in it, as its user (docs/portwrap.md).
 * Three processes: this one stays outside and relays; one enters; one is adopted by process 1 of the sandbox, starts the
 * command there and reports how it ends. Not here: finding the sandbox and its control group (portwrap/enter/). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "connection.h"
#include "fail.h"
#include "join.h"
#include "messages.h"
#include "monitor.h"
#include "raw.h"
#include "session.h"
#include "surroundings.h"

struct options {
  pid_t pid;
  unsigned long long start_time;
  const char *account;
  const char *term;
  int port; /* 0: a command */
  int control, filter;
  char **command; /* NULL: the shell */
};

static struct options parse(int argc, char **argv)
{
  static const struct option names[] = {
      {"pid", required_argument, NULL, 'p'},     {"start-time", required_argument, NULL, 's'},
      {"account", required_argument, NULL, 'a'}, {"connect", required_argument, NULL, 'c'},
      {"term", required_argument, NULL, 't'},    {NULL, 0, NULL, 0},
  };
  struct options options = {.control = 3, .filter = 4};
  int name;
  while ((name = getopt_long(argc, argv, "+", names, NULL)) != -1) {
    switch (name) {
    case 'p': options.pid = (pid_t)strtol(optarg, NULL, 10); break;
    case 's': options.start_time = strtoull(optarg, NULL, 10); break;
    case 'a': options.account = optarg; break;
    case 'c': options.port = (int)strtol(optarg, NULL, 10); break;
    case 't': options.term = optarg; break;
    default: exit(2);
    }
  }
  if (optind < argc)
    options.command = argv + optind;
  return options;
}

static int connect_port(const struct options *options, int process, const int sockets[2])
{
  pid_t child = fork();
  if (child < 0)
    fail_errno("fork");
  if (child == 0) {
    report_to_outside(sockets[1]);
    enter_namespaces(process, options->pid, NETWORK_ONLY);
    give_up_privileges();
    hand_over_connection(sockets[1], options->port);
  }
  close(sockets[1]);
  return relay_connection(sockets[0]);
}

struct pipe_ends {
  int inside, outside;
};

/* A pipe between a descriptor of the caller and one of the command; none where the caller has a terminal. */
static struct pipe_ends pipe_for(int descriptor)
{
  int ends[2];
  if (isatty(descriptor))
    return (struct pipe_ends){-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0)
    fail_errno("pipe");
  bool is_input = descriptor == STDIN_FILENO;
  return (struct pipe_ends){.inside = ends[is_input ? 0 : 1], .outside = ends[is_input ? 1 : 0]};
}

static int run_command(const struct options *options, int process, const int sockets[2])
{
  const char *term = find_terminal() < 0 ? NULL : options->term;
  struct surroundings surroundings = read_surroundings(options->pid, term);
  struct pipe_ends pipes[3];
  struct standard standard;
  for (int number = 0; number < 3; number += 1) {
    pipes[number] = pipe_for(number);
    standard.descriptors[number] = pipes[number].inside;
  }
  pid_t child = fork();
  if (child < 0)
    fail_errno("fork");
  if (child == 0) {
    report_to_outside(sockets[1]);
    /* nothing of the caller enters the sandbox */
    for (int number = 0; number < 3; number += 1) {
      close(number);
      if (pipes[number].outside >= 0)
        close(pipes[number].outside);
    }
    close(options->control);
    close(sockets[0]);
    enter_namespaces(process, options->pid, WHOLE_SANDBOX);
    give_up_privileges();
    filter_system_calls(options->filter);
    close(options->filter);
    close(process);
    become_child_of_init();
    monitor(sockets[1], &standard, &surroundings, options->command);
  }
  close(sockets[1]);
  close(options->filter);
  for (int number = 0; number < 3; number += 1)
    if (pipes[number].inside >= 0)
      close(pipes[number].inside);
  const struct session session = {
      .socket = sockets[0],
      .control = options->control,
      .input = pipes[0].outside,
      .output = pipes[1].outside,
      .errors = pipes[2].outside,
  };
  return run_session(&session);
}

int main(int argc, char **argv)
{
  struct options options = parse(argc, argv);
  report_to_launcher(options.control);
  int process = open_process(options.pid, options.start_time);
  become_account(options.account);
  require_access(options.pid);
  /* after that, because becoming another account resets it; the launcher's end is a hangup */
  prctl(PR_SET_PDEATHSIG, SIGHUP);
  int sockets[2], on = 1;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0 ||
      setsockopt(sockets[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0)
    fail_errno("socketpair");
  return options.port > 0 ? connect_port(&options, process, sockets) : run_command(&options, process, sockets);
}
