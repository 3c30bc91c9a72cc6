/* portwrap-init: process 1 of a sandbox whose server may be forked by a fork server (docs/preload.md). It waits for the
 * launcher's line: "go" starts the command, "adopt PID" names the process that is the server. It ends with the server's
 * exit code, which ends everything in the sandbox. At an end of file without a line it ends, as the gate does. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
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

/* Also reaps the processes that the kernel gives to process 1. */
static int wait_for(pid_t server)
{
  int status;
  for (;;) {
    pid_t ended = wait(&status);
    if (ended == server)
      return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (ended < 0 && errno != EINTR)
      return EXIT_FAILURE;
  }
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
  pid_t server = -1;
  if (strcmp(line, "go") == 0)
    server = start(argv + 3, life);
  else if (strncmp(line, "adopt ", strlen("adopt ")) == 0)
    server = (pid_t)atoi(line + strlen("adopt "));
  if (server <= 0)
    return EXIT_FAILURE;
  return wait_for(server);
}
