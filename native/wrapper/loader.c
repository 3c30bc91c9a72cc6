#define _GNU_SOURCE
#include "loader.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aside.h"
#include "fail.h"
#include "holders.h"

/* The first line, to its end; nothing after it is read, because that is for nft. False: there is none. */
static bool read_pid(int policy, pid_t *pid)
{
  char line[32];
  for (size_t length = 0; length < sizeof line; length += 1) {
    ssize_t count;
    do
      count = read(policy, line + length, 1);
    while (count < 0 && errno == EINTR);
    if (count != 1)
      return false;
    if (line[length] != '\n')
      continue;
    line[length] = '\0';
    *pid = (pid_t)atoi(line);
    return *pid > 0;
  }
  return false;
}

static void run_nft(const struct options *options, pid_t child)
{
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/net", (int)child);
  int log = open(options->loader.log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (log < 0)
    fail_errno("%s", options->loader.log);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  int network = open(path, O_RDONLY | O_CLOEXEC);
  if (network < 0 || setns(network, CLONE_NEWNET) != 0)
    fail_errno("%s", path);
  for (unsigned index = 0; index < options->setting_count; index += 1) {
    /* where they are read-only, what needs them fails by itself */
    int file = open(options->settings[index].path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
      continue;
    const char *value = options->settings[index].value;
    if (write(file, value, strlen(value)) < 0)
      warn_errno("%s", options->settings[index].path);
    close(file);
  }
  dup2(options->loader.policy, STDIN_FILENO);
  close(options->loader.policy);
  execl(options->loader.nft, options->loader.nft, "-f", "-", (char *)NULL);
  fail_errno("%s", options->loader.nft);
}

static void load(const struct options *options, pid_t child)
{
  int status = -1;
  pid_t nft = fork();
  if (nft == 0)
    run_nft(options, child);
  if (nft < 0 || waitpid(nft, &status, 0) != nft || status != 0)
    return;
  if (write(options->loader.policy, "y", 1) != 1)
    return; /* the launcher has ended */
}

static void be_loader(const struct options *options, const struct life *life)
{
  pid_t child;
  if (read_pid(options->loader.policy, &child))
    load(options, child);
  else
    end_holders(life);
}

void start_loader(const struct options *options)
{
  if (!start_aside(options, options->loader.policy, be_loader))
    fail("the loader of the network policy cannot be started");
}
