// The seccomp filter, run by an interpreter of its instructions on calls of every architecture it knows. What the kernel
// makes of it is in test/integration/portwrap/inside.test.ts.
import { endianness } from 'node:os';
import { expect, test } from 'vitest';
import {
  ordinaryFamilies,
  type SocketFamily,
  socketFamilies,
  systemCallFilter,
} from '../../../../portwrap/launch/system-call-filter.ts';
import { architectures } from '../../../../portwrap/launch/system-calls.ts';

const allowed = 0x7fff0000;
const refusedWith = (errno: number) => 0x00050000 + errno;
const little = endianness() === 'LE';

/** The verdict of a classic BPF program of LD, JEQ and RET on one call. */
function verdict(program: Buffer, audit: number, call: number, args: readonly number[] = []): number {
  const data = Buffer.alloc(64);
  const write = (value: number, offset: number) =>
    little ? data.writeUInt32LE(value, offset) : data.writeUInt32BE(value, offset);
  write(call, 0);
  write(audit, 4);
  for (const [index, value] of args.entries()) write(value, 16 + 8 * index + (little ? 0 : 4));
  const read = (buffer: Buffer, offset: number) =>
    little ? buffer.readUInt32LE(offset) : buffer.readUInt32BE(offset);
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at += 1) {
    const line = program.subarray(at * 8, at * 8 + 8);
    const code = little ? line.readUInt16LE(0) : line.readUInt16BE(0);
    const operand = read(line, 4);
    if (code === 0x06) return operand;
    if (code === 0x20) accumulator = read(data, operand);
    else if (code === 0x15) at += line[accumulator === operand ? 2 : 3] ?? 0;
    else throw new Error(`instruction ${code}`);
  }
  throw new Error('the program does not end');
}

const everywhere = Object.entries(architectures).flatMap(([arch, conventions]) =>
  conventions.map((convention) => ({ arch, ...convention })),
);
const program = (arch: string, terminal = false, families: readonly SocketFamily[] = ordinaryFamilies) =>
  systemCallFilter({ families, terminal }, arch);

test.each(everywhere)('$arch, $audit: only sockets of the families that were asked for are made', (one) => {
  for (const call of one.socket) {
    for (const [name, family] of Object.entries(socketFamilies)) {
      const isAsked = ordinaryFamilies.some((other) => other === name);
      expect(verdict(program(one.arch), one.audit, call, [family])).toBe(isAsked ? allowed : refusedWith(97));
      expect(verdict(program(one.arch, false, ['vsock']), one.audit, call, [family])).toBe(
        name === 'vsock' ? allowed : refusedWith(97),
      );
    }
  }
});

test.each(everywhere)('$arch, $audit: keyrings, io_uring and socketcall(2) are not there', (one) => {
  for (const call of [...one.keys, ...one.ioUring, ...one.socketcall]) {
    expect(verdict(program(one.arch), one.audit, call, [3])).toBe(refusedWith(38));
  }
});

test.each(everywhere)('$arch, $audit: nothing is typed into a terminal that is shared', (one) => {
  for (const call of one.ioctl) {
    expect(verdict(program(one.arch, true), one.audit, call, [0, 0x5412])).toBe(refusedWith(1));
    expect(verdict(program(one.arch, true), one.audit, call, [0, 0x541c])).toBe(refusedWith(1));
    expect(verdict(program(one.arch, true), one.audit, call, [0, 0x5413])).toBe(allowed);
    expect(verdict(program(one.arch, false), one.audit, call, [0, 0x5412])).toBe(allowed);
  }
});

test.each(everywhere)('$arch, $audit: every other call is allowed', (one) => {
  const ruled = new Set([...one.ioctl, ...one.socket, ...one.socketcall, ...one.keys, ...one.ioUring]);
  for (let call = 0; call < 500; call += 1) {
    if (!ruled.has(call)) expect(verdict(program(one.arch, true), one.audit, call, [40])).toBe(allowed);
  }
});

test('a call by a convention that no rule has seen is refused', () => {
  expect(verdict(program('x64'), 0xdeadbeef, 41, [1])).toBe(refusedWith(38));
});

test('on a processor whose calls are not known no sandbox is started', () => {
  expect(() => program('mips')).toThrow('no system call filter for the processor "mips"');
});
