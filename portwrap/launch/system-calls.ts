// The numbers of the system calls that the filter knows, per architecture of the kernel's tables
// (arch/*/kernel/syscalls, include/uapi/asm-generic/unistd.h; the architectures are in linux/audit.h).
// Not here: the rules (system-call-filter.ts).

/** One calling convention; a kernel may support several (x86-64 also runs i386 programs). */
export interface Architecture {
  /** AUDIT_ARCH_*, as seccomp reports it. */
  readonly audit: number;
  readonly ioctl: readonly number[];
  /** socket(2) and socketpair(2), whose first argument is the family. */
  readonly socket: readonly number[];
  /** socketcall(2), which hides the family in memory that a filter cannot read. */
  readonly socketcall: readonly number[];
  /** add_key(2), request_key(2), keyctl(2). */
  readonly keys: readonly number[];
  /** io_uring_setup(2), which can create sockets without socket(2). */
  readonly ioUring: readonly number[];
}

/** The calls of a table, also with the bit that x32 programs set. */
const x32 = (...calls: number[]) => [...calls, ...calls.map((call) => 0x40000000 + call)];

const ioUring = [425];
/** The table that all newer architectures share. */
const generic = { ioctl: [29], socket: [198, 199], socketcall: [], keys: [217, 218, 219], ioUring };

const arm = {
  audit: 0x40000028,
  ioctl: [54],
  socket: [281, 288],
  socketcall: [102],
  keys: [309, 310, 311],
  ioUring,
};

/** By Node's name of the processor (process.arch): its own convention and the others that it supports. */
export const architectures: Readonly<Record<string, readonly Architecture[]>> = {
  x64: [
    {
      audit: 0xc000003e,
      ioctl: [16, 0x40000000 + 514],
      socket: x32(41, 53),
      socketcall: [],
      keys: x32(248, 249, 250),
      ioUring: x32(425),
    },
    { audit: 0x40000003, ioctl: [54], socket: [359, 360], socketcall: [102], keys: [286, 287, 288], ioUring },
  ],
  arm64: [{ audit: 0xc00000b7, ...generic }, arm],
  arm: [arm],
  riscv64: [{ audit: 0xc00000f3, ...generic }],
  loong64: [{ audit: 0xc0000102, ...generic }],
  ppc64: [
    { audit: 0xc0000015, ioctl: [54], socket: [326, 333], socketcall: [102], keys: [269, 270, 271], ioUring },
  ],
  s390x: [
    { audit: 0x80000016, ioctl: [54], socket: [359, 360], socketcall: [102], keys: [278, 279, 280], ioUring },
  ],
};
