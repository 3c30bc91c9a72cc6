#define _GNU_SOURCE
#include "confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fail.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "portwrap-forward knows the system calls of x86_64 and aarch64 only"
#endif

/* What serve.c, connection.c and pipes.c use, and what the C library needs to allocate, to write a message, to end. */
static const int allowed[] = {
    SYS_accept4,     SYS_socket,        SYS_connect,    SYS_setsockopt,   SYS_getsockopt,
    SYS_shutdown,    SYS_close,         SYS_splice,     SYS_pipe2,        SYS_fcntl,
    SYS_epoll_ctl,   SYS_epoll_pwait,   SYS_epoll_create1, SYS_write,     SYS_writev,
    SYS_brk,         SYS_mmap,          SYS_munmap,     SYS_mremap,       SYS_madvise,
    SYS_rt_sigreturn, SYS_restart_syscall, SYS_exit,    SYS_exit_group,   SYS_futex,
    SYS_newfstatat,  SYS_fstat,         SYS_getrandom,
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
#endif
};

enum { ALLOWED = sizeof allowed / sizeof *allowed, MOST_INSTRUCTIONS = 2 * ALLOWED + 8 };

static void filter_system_calls(void)
{
  struct sock_filter code[MOST_INSTRUCTIONS];
  unsigned short length = 0;
#define ADD(...) code[length++] = (struct sock_filter)__VA_ARGS__
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
  ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
  for (unsigned index = 0; index < ALLOWED; index += 1) {
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)allowed[index], 0, 1));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
#undef ADD
  struct sock_fprog program = {.len = length, .filter = code};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    fail_errno("the filter of system calls is refused");
}

void confine(void)
{
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {0};
  if (chdir("/") != 0 || syscall(SYS_capset, &header, none) != 0)
    fail_errno("capabilities cannot be dropped");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    fail_errno("prctl");
  filter_system_calls();
}
