#define _GNU_SOURCE
#include "loader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"

enum { MOST_HOLDERS = 4096 };

/* The processes that were ended. */
struct ended {
  pid_t pids[MOST_HOLDERS];
  unsigned count;
};

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

static bool is_new(struct ended *ended, pid_t pid)
{
  for (unsigned index = 0; index < ended->count; index += 1)
    if (ended->pids[index] == pid)
      return false;
  if (ended->count == MOST_HOLDERS)
    return false;
  ended->pids[ended->count++] = pid;
  return true;
}

/* Whether that process holds the FIFO, for writing, by that number. */
static bool holds(pid_t pid, int life, const struct stat *fifo)
{
  char path[64];
  struct stat link, target;
  snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, life);
  return lstat(path, &link) == 0 && (link.st_mode & S_IWUSR) != 0 && stat(path, &target) == 0 &&
         target.st_dev == fifo->st_dev && target.st_ino == fifo->st_ino;
}

static unsigned end_new_holders(int life, const struct stat *fifo, struct ended *ended)
{
  unsigned found = 0;
  DIR *processes = opendir("/proc");
  if (processes == NULL)
    return 0;
  for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
    pid_t pid = (pid_t)atoi(entry->d_name);
    if (pid <= 0 || !holds(pid, life, fifo) || !is_new(ended, pid))
      continue;
    kill(pid, SIGKILL);
    found += 1;
  }
  closedir(processes);
  return found;
}

/* A bwrap whose monitor has ended with the launcher waits for ever. It looks until it finds nobody new: one that is
 * killed may have forked since the look, and its child would wait for ever, too. */
static void end_holders(int life, const struct stat *fifo)
{
  static struct ended ended;
  while (end_new_holders(life, fifo, &ended) > 0)
    continue;
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

static void be_loader(const struct options *options)
{
  char path[64];
  struct stat fifo;
  pid_t child;
  signal(SIGINT, SIG_IGN);
  signal(SIGQUIT, SIG_IGN);
  /* it does not hold the FIFO itself. While it reads, no other file can get the same number */
  snprintf(path, sizeof path, "/proc/self/fd/%d", options->life);
  int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (reader < 0 || fstat(reader, &fifo) != 0)
    fail_errno("the life FIFO");
  for (int fd = STDERR_FILENO + 1; fd < 256; fd += 1)
    if (fd != options->loader.policy && fd != reader)
      close(fd);
  if (read_pid(options->loader.policy, &child))
    load(options, child);
  else
    end_holders(options->life, &fifo);
  _exit(0);
}

void start_loader(const struct options *options)
{
  pid_t between = fork();
  if (between < 0)
    fail_errno("fork");
  if (between == 0) {
    pid_t loader = fork();
    if (loader == 0)
      be_loader(options);
    _exit(loader < 0 ? 1 : 0);
  }
  int status = -1;
  if (waitpid(between, &status, 0) != between || status != 0)
    fail("the loader of the network policy cannot be started");
}
