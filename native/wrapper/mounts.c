#define _GNU_SOURCE
#include "mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"

/* mode: a terminal is its user's, and may be written to by their group; ptmxmode: all may open one. */
static const char devpts_options[] = "newinstance,ptmxmode=0666,mode=620";

static void write_to(const char *path, const char *text)
{
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, text, strlen(text)) != (ssize_t)strlen(text))
    fail_errno("%s", path);
  close(file);
}

/* user_namespaces(7): the caller is its root, and cannot leave a group to which a file denies access. */
static void map_caller(uid_t uid, gid_t gid)
{
  char line[64];
  write_to("/proc/self/setgroups", "deny");
  snprintf(line, sizeof line, "0 %u 1\n", (unsigned)uid);
  write_to("/proc/self/uid_map", line);
  snprintf(line, sizeof line, "0 %u 1\n", (unsigned)gid);
  write_to("/proc/self/gid_map", line);
}

void enter_own_mounts(bool own_users)
{
  uid_t uid = geteuid();
  gid_t gid = getegid();
  if (unshare(CLONE_NEWNS | (own_users ? CLONE_NEWUSER : 0)) != 0)
    fail_errno("it may not have mounts of its own");
  if (own_users)
    map_caller(uid, gid);
  if (mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) != 0)
    fail_errno("its mounts cannot be kept from the machine");
}

static bool replace(const struct terminal *terminal)
{
  struct stat found;
  if (stat(terminal->target, &found) != 0)
    return true;
  if (terminal->source != NULL)
    return mount(terminal->source, terminal->target, NULL, MS_BIND, NULL) == 0;
  if (!S_ISDIR(found.st_mode))
    return true;
  return mount("devpts", terminal->target, "devpts", MS_NOSUID | MS_NOEXEC, devpts_options) == 0;
}

bool replace_terminals(const struct terminal *terminals, unsigned count)
{
  for (unsigned index = 0; index < count; index += 1)
    if (!replace(&terminals[index])) {
      warn_errno("%s cannot be replaced", terminals[index].target);
      return false;
    }
  return true;
}
