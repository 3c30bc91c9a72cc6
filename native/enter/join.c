#define _GNU_SOURCE
#include "join.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434 /* the same number on every processor */
#endif
enum { NEW_CGROUP = 0x02000000, NEW_UTS = 0x04000000 };

static void make_undebuggable(void)
{
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    fail_errno("prctl");
}

static bool has_ended(int process)
{
  struct pollfd poll_for = {.fd = process, .events = POLLIN};
  return poll(&poll_for, 1, 0) != 0;
}

static unsigned long long start_time_of(pid_t pid)
{
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
  if (file >= 0)
    close(file);
  if (length <= 0)
    return 0;
  text[length] = '\0';
  /* the name before may contain anything; field 3 follows its parenthesis */
  const char *field = strrchr(text, ')');
  for (int number = 2; field != NULL && number < 22; number += 1)
    field = strchr(field + 1, ' ');
  return field == NULL ? 0 : strtoull(field + 1, NULL, 10);
}

int open_process(pid_t pid, unsigned long long start_time)
{
  int process = (int)syscall(SYS_pidfd_open, pid, 0);
  if (process < 0 && errno != ESRCH)
    fail_errno("the sandbox cannot be entered with this kernel");
  /* the descriptor is opened before the start time is compared: the pid may have got another process */
  if (process < 0 || start_time_of(pid) != start_time || has_ended(process))
    fail(GONE, "the sandbox has ended");
  return process;
}

static void clear_capabilities(void)
{
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {0}, left[2];
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 || syscall(SYS_capset, &header, none) != 0 ||
      syscall(SYS_capget, &header, left) != 0)
    fail_errno("capabilities cannot be dropped");
  for (int half = 0; half < 2; half += 1)
    if (left[half].effective != 0 || left[half].permitted != 0 || left[half].inheritable != 0)
      fail(FAILED, "capabilities cannot be dropped");
}

void become_account(const char *account)
{
  make_undebuggable();
  if (account == NULL && geteuid() == 0)
    fail(FAILED, "a sandbox of root is not entered");
  if (account == NULL)
    return;
  gid_t groups[1024];
  size_t count = 0;
  char *next;
  uid_t uid = (uid_t)strtoul(account, &next, 10);
  gid_t gid = *next == ':' ? (gid_t)strtoul(next + 1, &next, 10) : 0;
  while ((*next == ':' || *next == ',') && next[1] != '\0' && count < sizeof groups / sizeof *groups)
    groups[count++] = (gid_t)strtoul(next + 1, &next, 10);
  if (uid == 0 || gid == 0)
    fail(FAILED, "a sandbox of root is not entered");
  if (setgroups(count, groups) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
    fail_errno("cannot become the account of the sandbox");
  clear_capabilities();
  if (setuid(0) == 0)
    fail(FAILED, "cannot become the account of the sandbox");
  make_undebuggable();
}

/* Whether `name` of that process is another namespace than that of this process. */
static bool is_another(pid_t pid, const char *name)
{
  char path[64];
  struct stat theirs, own;
  snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, name);
  int failed = stat(path, &theirs);
  snprintf(path, sizeof path, "/proc/self/ns/%s", name);
  if (failed != 0 || stat(path, &own) != 0)
    fail_errno("the namespaces of the sandbox cannot be compared");
  return theirs.st_ino != own.st_ino || theirs.st_dev != own.st_dev;
}

void require_access(pid_t pid)
{
  char path[64];
  struct stat theirs;
  snprintf(path, sizeof path, "/proc/%d/ns/user", (int)pid);
  if (stat(path, &theirs) != 0 && errno == EACCES)
    fail(FAILED, "it belongs to another account");
}

void enter_namespaces(int process, pid_t pid, enum whole whole)
{
  static const struct {
    const char *name;
    int flag;
    bool always; /* without it, it is no sandbox of ours */
    bool network;
  } kinds[] = {
      {"user", CLONE_NEWUSER, true, true}, {"net", CLONE_NEWNET, true, true}, {"mnt", CLONE_NEWNS, true, false},
      {"pid", CLONE_NEWPID, true, false},  {"ipc", CLONE_NEWIPC, true, false}, {"uts", NEW_UTS, false, false},
      {"cgroup", NEW_CGROUP, false, false},
  };
  int flags = 0;
  for (size_t index = 0; index < sizeof kinds / sizeof *kinds; index += 1) {
    bool another = is_another(pid, kinds[index].name);
    if (kinds[index].always && !another)
      fail(FAILED, "process %d is in no sandbox", (int)pid);
    if (another && (whole == WHOLE_SANDBOX || kinds[index].network))
      flags |= kinds[index].flag;
  }
  if (setns(process, flags) != 0) {
    if (errno == ESRCH)
      fail(GONE, "the sandbox has ended");
    fail_errno("the sandbox cannot be entered");
  }
}

void give_up_privileges(void)
{
  unsigned long capability = 0;
  for (; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability += 1)
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
      fail_errno("capabilities cannot be dropped");
  clear_capabilities();
  if (capability == 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    fail_errno("privileges cannot be dropped");
  make_undebuggable();
  /* where keys are refused, as in some containers, there are none to be shared */
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS && errno != EPERM)
    fail_errno("a session keyring cannot be made");
}

void filter_system_calls(int descriptor)
{
  static struct sock_filter code[BPF_MAXINSNS];
  size_t length = 0;
  ssize_t count;
  while (length < sizeof code && (count = read(descriptor, (char *)code + length, sizeof code - length)) > 0)
    length += (size_t)count;
  struct sock_fprog program = {.len = (unsigned short)(length / sizeof *code), .filter = code};
  if (length == 0 || length % sizeof *code != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    fail_errno("the filter of system calls is refused");
}

void become_child_of_init(void)
{
  pid_t child = fork(); /* the first one that is in the pid namespace */
  if (child < 0)
    fail_errno("fork");
  if (child > 0) {
    waitpid(child, NULL, 0);
    _exit(0);
  }
  int between = (int)syscall(SYS_pidfd_open, getpid(), 0);
  child = fork();
  if (between < 0 || child < 0)
    fail_errno("fork");
  if (child > 0)
    _exit(0);
  struct pollfd end = {.fd = between, .events = POLLIN};
  while (poll(&end, 1, -1) < 0 && errno == EINTR)
    ;
  close(between);
  if (getppid() != 1)
    fail(FAILED, "process 1 of the sandbox has not adopted the command");
}
