// A seccomp filter against typing into the terminal: a payload in the foreground shares the caller's terminal,
// and ioctl TIOCSTI would put commands into the shell that is read next (CVE-2017-5226). Everything else is
// allowed. Not here: loading it (bwrap --seccomp).
import { endianness } from 'node:os';

/** Kernel numbers: linux/audit.h, and ioctl(2) in each architecture's system call table. */
const ioctlOf: readonly { readonly arch: number; readonly calls: readonly number[] }[] = [
  { arch: 0xc000003e, calls: [16, 0x40000000 + 514] }, // x86-64, and its x32 calls
  { arch: 0x40000003, calls: [54] }, // i386, which an x86-64 kernel runs too
  { arch: 0xc00000b7, calls: [29] }, // arm64
  { arch: 0x40000028, calls: [54] }, // arm
  { arch: 0xc00000f3, calls: [29] }, // riscv64
];
/** TIOCSTI, and TIOCLINUX, which pastes on a virtual console. */
const refused = [0x5412, 0x541c];

const load = 0x20; // BPF_LD | BPF_W | BPF_ABS
const jumpEqual = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const answer = 0x06; // BPF_RET | BPF_K
const allow = 0x7fff0000;
const notPermitted = 0x00050001; // SECCOMP_RET_ERRNO | EPERM
/** Offsets in struct seccomp_data; the request is the low half of the second argument. */
const at = { call: 0, arch: 4, request: 24 } as const;

/** The program for bwrap, or null on a machine whose byte order it does not fit. */
export function terminalFilter(): Buffer | null {
  if (endianness() !== 'LE') return null;
  const checks = [
    instruction(load, at.request),
    ...refused.map((request, index) => instruction(jumpEqual, request, refused.length - index)),
    instruction(answer, allow),
    instruction(answer, notPermitted),
  ];
  const ends = instruction(answer, allow);
  const blocks = ioctlOf.map(({ arch, calls }) => [
    instruction(load, at.arch),
    instruction(jumpEqual, arch, 0, calls.length + 2 + checks.length),
    instruction(load, at.call),
    ...calls.map((call, index) => instruction(jumpEqual, call, calls.length - index)),
    ends,
    ...checks,
  ]);
  return Buffer.concat([...blocks.flat(), ends]);
}

/** struct sock_filter: code, jump if true, jump if false, operand. Jumps count from the next instruction. */
function instruction(code: number, operand: number, ifTrue = 0, ifFalse = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(ifTrue, 2);
  bytes.writeUInt8(ifFalse, 3);
  bytes.writeUInt32LE(operand, 4);
  return bytes;
}
