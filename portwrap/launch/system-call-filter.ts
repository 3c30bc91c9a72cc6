// The seccomp filter of every sandbox: refuses system calls that payloads do not need and that no namespace isolates;
// all others are allowed. It is one BPF program, generated from rules. Not here: loading it (bwrap --seccomp).
import { endianness } from 'node:os';
import { PortwrapError } from '../../config/errors.ts';
import { type Architecture, architectures } from './system-calls.ts';

/** Families of socket(2), by their names in address_families(7). */
export const socketFamilies = {
  unix: 1,
  inet: 2,
  inet6: 10,
  netlink: 16,
  packet: 17,
  rds: 21,
  can: 29,
  tipc: 30,
  bluetooth: 31,
  alg: 38,
  vsock: 40,
  smc: 43,
  xdp: 44,
} as const;
export type SocketFamily = keyof typeof socketFamilies;

/** The families that ordinary programs use. The kernel isolates the others less, or not: vsock reaches the host. */
export const ordinaryFamilies: readonly SocketFamily[] = ['unix', 'inet', 'inet6', 'netlink'];

/** In the directory of a sandbox that outlives its launcher: its program, for what is started in it later. */
export const filterFile = 'filter.bpf';

export interface FilterRequest {
  readonly families: readonly SocketFamily[];
  /** Whether the payload shares the caller's terminal. */
  readonly terminal: boolean;
}

/**
 * The program for this machine, or for the processor `arch` (process.arch). Throws SANDBOX_FAILED if the system call
 * numbers of the processor are unknown: no sandbox starts without its filter.
 */
export function systemCallFilter(request: FilterRequest, arch: string = process.arch): Buffer {
  const known = architectures[arch];
  if (known === undefined) {
    throw new PortwrapError('SANDBOX_FAILED', `there is no system call filter for the processor "${arch}"`, {
      hint: 'Add its system call numbers to portwrap/launch/system-calls.ts.',
    });
  }
  const refused = [returns(errno.noSuchCall)];
  // refuses calls with another calling convention, which would bypass every rule
  const program = [...known.flatMap((one) => forArchitecture(one, rulesFor(one, request))), ...refused];
  return Buffer.concat(program.map(encode));
}

interface Rule {
  readonly calls: readonly number[];
  /** The instructions for such a call. */
  readonly body: readonly Instruction[];
}

function rulesFor(one: Architecture, { families, terminal }: FilterRequest): Rule[] {
  return [
    ...(terminal ? [{ calls: one.ioctl, body: refuseValues(1, terminalRequests, errno.notPermitted) }] : []),
    {
      calls: one.socket,
      body: allowValues(
        0,
        families.map((name) => socketFamilies[name]),
        errno.noSuchFamily,
      ),
    },
    // as on a kernel that was built without these calls: programs fall back
    { calls: [...one.socketcall, ...one.keys, ...one.ioUring], body: [returns(errno.noSuchCall)] },
  ];
}

/**
 * TIOCSTI and TIOCLINUX: with them a payload in the foreground could insert commands into the input of the shell that
 * reads the terminal next (CVE-2017-5226).
 */
const terminalRequests = [0x5412, 0x541c];

/** errno(3); the numbers are equal on all of these architectures. */
const errno = { notPermitted: 1, noSuchCall: 38, noSuchFamily: 97 } as const;

interface Instruction {
  readonly code: number;
  readonly operand: number;
  /** How many instructions to skip. */
  readonly ifTrue: number;
  readonly ifFalse: number;
}

const loads = (operand: number): Instruction => ({ code: 0x20, operand, ifTrue: 0, ifFalse: 0 });
const equals = (operand: number, ifTrue: number, ifFalse = 0): Instruction => ({
  ...{ code: 0x15, operand, ifTrue, ifFalse },
});
const allows: Instruction = { code: 0x06, operand: 0x7fff0000, ifTrue: 0, ifFalse: 0 };
const returns = (error: number): Instruction => ({ ...allows, operand: 0x00050000 + error });

/** Offsets in struct seccomp_data: of call number and architecture, and of the low half of an argument. */
const at = { call: 0, arch: 4 } as const;
const argument = (index: number) => 16 + 8 * index + (endianness() === 'LE' ? 0 : 4);

function refuseValues(index: number, values: readonly number[], error: number): Instruction[] {
  return [
    loads(argument(index)),
    ...values.map((value, place) => equals(value, values.length - place)),
    ...[allows, returns(error)],
  ];
}

function allowValues(index: number, values: readonly number[], error: number): Instruction[] {
  return [
    loads(argument(index)),
    ...values.map((value, place) => equals(value, values.length - place)),
    ...[returns(error), allows],
  ];
}

/** The instructions for one architecture; skipped for calls of another one. */
function forArchitecture({ audit }: Architecture, rules: readonly Rule[]): Instruction[] {
  const wanted = rules.flatMap(({ calls }, rule) => calls.map((call) => ({ call, rule })));
  const start = (rule: number) => rules.slice(0, rule).reduce((sum, { body }) => sum + body.length, 0);
  const jumps = wanted.map(({ call, rule }, place) =>
    // skips the other jumps, and the end for calls without a rule
    equals(call, wanted.length - place + start(rule)),
  );
  const inside = [loads(at.call), ...jumps, allows, ...rules.flatMap(({ body }) => body)];
  return [loads(at.arch), equals(audit, 0, inside.length), ...inside];
}

/** struct sock_filter: code, jump if true, jump if false, operand. */
function encode({ code, operand, ifTrue, ifFalse }: Instruction): Buffer {
  const bytes = Buffer.alloc(8);
  const little = endianness() === 'LE';
  if (little) bytes.writeUInt16LE(code, 0);
  else bytes.writeUInt16BE(code, 0);
  bytes.writeUInt8(ifTrue, 2);
  bytes.writeUInt8(ifFalse, 3);
  if (little) bytes.writeUInt32LE(operand, 4);
  else bytes.writeUInt32BE(operand, 4);
  return bytes;
}
