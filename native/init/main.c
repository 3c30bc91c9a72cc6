/* portwrap-init: process 1 of a sandbox whose server may be forked by a fork server (docs/preload.md). It waits for the
 * launcher's line: "go" starts the command, "adopt PID" names the process that is the server, or will be: one that is
 * killed before it has become the server is replaced by the command. It ends with the server's exit code, which ends
 * everything in the sandbox. At an end of file without a line it ends, as the gate does. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_FOUND = 127, NOT_EXECUTABLE = 126 };

/* The launcher opens more descriptors than those that this process needs. */
static void close_others(int launcher, int life)
{
  for (int fd = STDERR_FILENO + 1; fd < 256; fd += 1)
    if (fd != launcher && fd != life)
      close(fd);
}

static void read_line(int launcher, char *line, size_t size)
{
  for (size_t length = 0; length < size - 1; length += 1) {
    ssize_t count;
    do
      count = read(launcher, line + length, 1);
    while (count < 0 && errno == EINTR);
    if (count != 1)
      _exit(EXIT_FAILURE);
    if (line[length] == '\n') {
      line[length] = '\0';
      return;
    }
  }
  _exit(EXIT_FAILURE);
}

static pid_t start(char **command, int life)
{
  pid_t pid = fork();
  if (pid != 0)
    return pid;
  close(life);
  execvp(command[0], command);
  int error = errno;
  fprintf(stderr, "portwrap: %s: %s\n", command[0], strerror(error));
  _exit(error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

/* The name by which preload/portwrap_preload/join.py calls a child; the server has another one. Also of a process that
 * has ended and was not waited for. */
static bool is_child(pid_t pid)
{
  char path[32], name[32] = "";
  snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return false;
  bool read = fgets(name, sizeof name, file) != NULL;
  fclose(file);
  return read && strcmp(name, "portwrap-child\n") == 0;
}

/* Returns when a process of ours has ended, before it is waited for; false: there is none. */
static bool next_end(siginfo_t *end)
{
  while (waitid(P_ALL, 0, end, WEXITED | WNOWAIT) != 0)
    if (errno != EINTR)
      return false;
  return true;
}

/* Also reaps the processes that the kernel gives to process 1. `command` is started when the server, which is adopted,
 * is killed before it was one; NULL: it is the command. */
static int wait_for(pid_t server, char **command, int life)
{
  siginfo_t end;
  while (next_end(&end)) {
    bool killed = end.si_code != CLD_EXITED;
    bool replaced = end.si_pid == server && killed && command != NULL && is_child(server);
    waitpid(end.si_pid, NULL, 0);
    if (replaced) {
      fprintf(stderr, "portwrap: preload is not used for this start: its process was killed\n");
      server = start(command, life);
      command = NULL;
    } else if (end.si_pid == server)
      return killed ? 128 + end.si_status : end.si_status;
  }
  return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
  if (argc < 4)
    return EXIT_FAILURE;
  int launcher = atoi(argv[1]);
  int life = atoi(argv[2]);
  prctl(PR_SET_NAME, "portwrap-init");
  /* bubblewrap has asked for this, too; the programs in between may have lost it. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  close_others(launcher, life);
  char line[64];
  read_line(launcher, line, sizeof line);
  close(launcher); /* before the server runs, which may take what this process has */
  char **command = argv + 3;
  if (strcmp(line, "go") == 0)
    return wait_for(start(command, life), NULL, life);
  if (strncmp(line, "adopt ", strlen("adopt ")) == 0)
    return wait_for((pid_t)atoi(line + strlen("adopt ")), command, life);
  return EXIT_FAILURE;
}
