#define _GNU_SOURCE
#include "confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
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

/* What serve.c, connection.c and pipes.c use, and what a C library needs to allocate, to write a message, to end. */
static const int for_worker[] = {
    SYS_accept4,      SYS_connect,      SYS_setsockopt,       SYS_getsockopt, SYS_shutdown,   SYS_close,
    SYS_splice,       SYS_pipe2,        SYS_fcntl,            SYS_epoll_ctl,  SYS_epoll_pwait, SYS_epoll_create1,
    SYS_write,        SYS_writev,       SYS_brk,              SYS_mmap,       SYS_munmap,     SYS_mremap,
    SYS_madvise,      SYS_rt_sigreturn, SYS_restart_syscall,  SYS_exit,       SYS_exit_group, SYS_futex,
    SYS_newfstatat,   SYS_fstat,        SYS_getrandom,        SYS_getppid,
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
#endif
};

/* What keeper.c needs besides; a worker begins with it, and then gives it up. */
static const int for_keeper[] = {
    SYS_clone, SYS_wait4, SYS_kill,  SYS_read,   SYS_setns,         SYS_prctl,         SYS_capset,
    SYS_ppoll, SYS_getpid, SYS_clock_gettime, SYS_pidfd_open,
#ifdef SYS_poll
    SYS_poll,
#endif
};

enum { MOST_INSTRUCTIONS = 192 };

struct program {
  struct sock_filter code[MOST_INSTRUCTIONS];
  unsigned short length;
};

static void add(struct program *program, struct sock_filter instruction)
{
  program->code[program->length++] = instruction;
}

#define STATEMENT(...) ((struct sock_filter)BPF_STMT(__VA_ARGS__))
#define JUMP(...) ((struct sock_filter)BPF_JUMP(__VA_ARGS__))

static void allow(struct program *program, const int *calls, size_t count)
{
  for (size_t index = 0; index < count; index += 1) {
    add(program, JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[index], 0, 1));
    add(program, STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
}

/* All the capabilities that the process has from now on: these of the first 32, as bits. */
static void keep_capabilities(unsigned kept)
{
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {{.effective = kept, .permitted = kept}};
  if (syscall(SYS_capset, &header, data) != 0)
    fail_errno("capabilities cannot be dropped");
}

void become(uid_t uid, gid_t gid, bool low_ports)
{
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability += 1)
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
      fail_errno("the bounding set cannot be emptied");
  if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0)
    fail_errno("group %u cannot be entered", (unsigned)gid);
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || setresuid(uid, uid, uid) != 0)
    fail_errno("user %u cannot be entered", (unsigned)uid);
  keep_capabilities(low_ports ? 1U << CAP_NET_BIND_SERVICE : 0);
  if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    fail_errno("prctl");
}

void drop_privileges(void)
{
  keep_capabilities(0);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    fail_errno("prctl");
}

void filter_system_calls(enum role role)
{
  struct program program = {.length = 0};
  add(&program, STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
  add(&program, JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
  add(&program, STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  add(&program, STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
  allow(&program, for_worker, sizeof for_worker / sizeof *for_worker);
  if (role == KEEPER)
    allow(&program, for_keeper, sizeof for_keeper / sizeof *for_keeper);
  /* socket(2): of the Internet's families only. The low half of its first argument; both processors are little-endian. */
  add(&program, JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 4));
  add(&program, STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)));
  add(&program, JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 1, 0));
  add(&program, JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1));
  add(&program, STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  add(&program, STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  struct sock_fprog filter = {.len = program.length, .filter = program.code};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
    fail_errno("the filter of system calls is refused");
}
