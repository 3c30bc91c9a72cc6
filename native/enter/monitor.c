#define _GNU_SOURCE
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"
#include "messages.h"

enum { NOT_FOUND = 127, NOT_EXECUTABLE = 126 };

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif
#ifndef SYS_close_range
#define SYS_close_range 436 /* the same number on every processor */
#endif

struct terminal {
  int master, slave;
};

/* Of the sandbox's own devpts. It becomes the terminal of this process's session. */
static struct terminal open_terminal(void)
{
  int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  struct stat found;
  if (master < 0 || fstat(master, &found) != 0)
    fail_errno("no terminal can be made in the sandbox");
  if (!S_ISCHR(found.st_mode) || found.st_rdev != makedev(5, 2))
    fail(FAILED, "/dev/ptmx of the sandbox makes no terminals");
  int unlocked = 0;
  int slave = -1;
  if (ioctl(master, TIOCSPTLCK, &unlocked) == 0)
    slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) != 0)
    fail_errno("no terminal can be made in the sandbox");
  return (struct terminal){.master = master, .slave = slave};
}

static void close_from(int first)
{
  if (syscall(SYS_close_range, first, ~0U, 0) != 0)
    fail_errno("close_range");
}

static _Noreturn void become_command(const struct standard *standard, int slave,
                                     const struct surroundings *surroundings, char **command)
{
  setpgid(0, 0);
  if (slave >= 0)
    tcsetpgrp(slave, getpid()); /* SIGTTOU is blocked */
  int sources[3];
  /* first to where they are in nobody's way */
  for (int number = 0; number < 3; number += 1) {
    int given = standard->descriptors[number];
    sources[number] = fcntl(given < 0 ? slave : given, F_DUPFD, 10);
  }
  for (int number = 0; number < 3; number += 1)
    if (dup2(sources[number], number) < 0)
      _exit(FAILED_EXIT);
  close_from(3);
  take_surroundings(surroundings);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  char *shell[] = {(char *)surroundings->shell, NULL};
  char **argv = command == NULL ? shell : command;
  environ = surroundings->environment; /* execvp(3) looks for PATH there */
  execvp(argv[0], argv);
  int error = errno;
  dprintf(STDERR_FILENO, "portwrap: %s: %s\n", argv[0], strerror(error));
  _exit(error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

/* What a key of the terminal, or its end, would send to the whole group. */
static bool is_for_group(int signal)
{
  return signal == SIGINT || signal == SIGQUIT || signal == SIGHUP || signal == SIGTSTP || signal == SIGCONT;
}

static void signal_command(pid_t command, int slave, int signal)
{
  if (signal == SIGCONT && slave >= 0)
    tcsetpgrp(slave, command);
  kill(is_for_group(signal) ? -command : command, signal);
}

/* True: it has ended, and that is reported. */
static bool report_changes(int socket, pid_t command)
{
  int status;
  pid_t changed;
  while ((changed = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
    if (changed != command)
      continue;
    struct message message = {.kind = WIFSTOPPED(status) ? STOPPED : ENDED, .value = status};
    send_message(socket, &message, -1);
    if (message.kind == ENDED)
      return true;
  }
  return false;
}

/* Signals come as data of the returned descriptor. */
static int catch_signals(void)
{
  sigset_t all, children;
  sigfillset(&all);
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_SETMASK, &all, NULL);
  int signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0)
    fail_errno("signalfd");
  return signals;
}

/* Ends this process: the kernel then hangs up the terminal, whose session it leads. */
static _Noreturn void hang_up(pid_t command)
{
  kill(-command, SIGHUP);
  kill(-command, SIGCONT);
  _exit(0);
}

void monitor(int socket, const struct standard *standard, const struct surroundings *surroundings, char **argv)
{
  int signals = catch_signals();
  struct terminal terminal = {-1, -1};
  if (setsid() < 0)
    fail_errno("setsid");
  if (needs_terminal(standard))
    terminal = open_terminal();
  struct message message = {.kind = READY};
  if (!send_message(socket, &message, terminal.master))
    _exit(0);
  if (terminal.master >= 0)
    close(terminal.master);
  if (!receive_message(socket, &message, NULL, NULL) || message.kind != GO)
    _exit(0);
  pid_t command = fork();
  if (command < 0)
    fail_errno("the command cannot be started");
  if (command == 0)
    become_command(standard, terminal.slave, surroundings, argv);
  setpgid(command, command);
  for (int number = 0; number < 3; number += 1)
    if (standard->descriptors[number] >= 0)
      close(standard->descriptors[number]);
  struct pollfd events[] = {{.fd = socket, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
  for (;;) {
    if (poll(events, 2, -1) < 0 && errno != EINTR)
      hang_up(command);
    struct signalfd_siginfo child;
    if (events[1].revents != 0 && read(signals, &child, sizeof child) > 0 && report_changes(socket, command))
      _exit(0);
    if (events[0].revents == 0)
      continue;
    if (!receive_message(socket, &message, NULL, NULL))
      hang_up(command);
    if (message.kind == SIGNAL)
      signal_command(command, terminal.slave, message.value);
  }
}
