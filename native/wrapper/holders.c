#define _GNU_SOURCE
#include "holders.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { MOST_HOLDERS = 4096 };

/* The processes that were ended. */
struct ended {
  pid_t pids[MOST_HOLDERS];
  unsigned count;
};

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

/* The path of the file of a descriptor, as proc(5) says it. False: it has ended. */
static bool name_of(pid_t pid, int descriptor, char name[PATH_MAX])
{
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, descriptor);
  ssize_t length = readlink(path, name, PATH_MAX - 1);
  name[length > 0 ? length : 0] = '\0';
  return length > 0;
}

/* Whether that process holds the FIFO, for writing, by that number. The name of its file first: to ask for the file itself
 * waits where a file system does not answer. */
static bool holds(pid_t pid, const struct life *life, const char *name)
{
  char path[64], its[PATH_MAX];
  struct stat link, target;
  snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, life->number);
  return name_of(pid, life->number, its) && strcmp(its, name) == 0 && lstat(path, &link) == 0 &&
         (link.st_mode & S_IWUSR) != 0 && stat(path, &target) == 0 && target.st_dev == life->fifo.st_dev &&
         target.st_ino == life->fifo.st_ino;
}

static unsigned end_new_holders(const struct life *life, struct ended *ended)
{
  unsigned found = 0;
  char name[PATH_MAX];
  DIR *processes = opendir("/proc");
  if (processes == NULL)
    return 0;
  name_of(getpid(), life->reader, name);
  for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
    pid_t pid = (pid_t)atoi(entry->d_name);
    if (pid <= 0 || !holds(pid, life, name) || !is_new(ended, pid))
      continue;
    kill(pid, SIGKILL);
    found += 1;
  }
  closedir(processes);
  return found;
}

/* A bwrap whose monitor has ended with the launcher waits for ever. It looks until it finds nobody new: one that is
 * killed may have forked since the look, and its child would wait for ever, too. */
void end_holders(const struct life *life)
{
  static struct ended ended;
  while (end_new_holders(life, &ended) > 0)
    continue;
}
