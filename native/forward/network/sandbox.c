#define _GNU_SOURCE
#include "network/sandbox.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fail.h"

static bool is_own_user_namespace(int namespace)
{
  struct stat own, other;
  return stat("/proc/self/ns/user", &own) == 0 && fstat(namespace, &other) == 0 && own.st_dev == other.st_dev &&
         own.st_ino == other.st_ino;
}

struct sandbox open_sandbox(pid_t pid)
{
  struct sandbox sandbox;
  sandbox.process = (int)syscall(SYS_pidfd_open, pid, 0);
  if (sandbox.process < 0)
    fail_errno("process %d cannot be watched", (int)pid);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
  sandbox.network = open(path, O_RDONLY | O_CLOEXEC);
  if (sandbox.network < 0)
    fail_errno("%s cannot be opened", path);
  /* The process may be in a user namespace below the one that owns its network, which is the one to enter. */
  sandbox.user = ioctl(sandbox.network, NS_GET_USERNS);
  if (sandbox.user < 0)
    fail_errno("the user namespace of the network of process %d cannot be opened", (int)pid);
  if (is_own_user_namespace(sandbox.user)) {
    close(sandbox.user);
    sandbox.user = -1;
  }
  /* The process may have ended before its namespaces were opened, and another have its number. */
  if (sandbox_ended(&sandbox))
    fail("process %d has ended", (int)pid);
  return sandbox;
}

void join_network(const struct sandbox *sandbox)
{
  if (sandbox->user >= 0 && setns(sandbox->user, CLONE_NEWUSER) != 0)
    fail_errno("the user namespace of the sandbox cannot be entered");
  if (setns(sandbox->network, CLONE_NEWNET) != 0)
    fail_errno("the network of the sandbox cannot be entered");
}

bool sandbox_ended(const struct sandbox *sandbox)
{
  struct pollfd poll_process = {.fd = sandbox->process, .events = POLLIN};
  return poll(&poll_process, 1, 0) != 0;
}
