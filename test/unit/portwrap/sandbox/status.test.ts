// What a sandbox leaves to be read: status file, exit codes, liveness FIFOs, process identity; and undoing.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { PortwrapError } from '../../../../config/errors.ts';
import { parseStatus, toExit } from '../../../../portwrap/sandbox/status.ts';
import { hasWriter, openReader, openWriter, watchLiveness } from '../../../../portwrap/system/liveness.ts';
import { identify, isAlive, signalProcess, thisProcess } from '../../../../portwrap/system/process.ts';
import { createTeardown, leftSomething } from '../../../../portwrap/system/teardown.ts';

test.each([
  ['', null, null],
  ['{ "child-pid": 42 }\n', 42, null],
  ['{ "child-pid": 42, "net-namespace": 4026 }\n{ "exit-code": 7 }\n', 42, 7],
  ['{ "child-pid": 42 }\n{ "child-pid": 43 }\n', 42, null],
  ['{ "exit-code": 7 }\n{ "exit-code": 0 }\n', null, 7],
  ['{ "child-pid": -1 }\n', null, null],
  ['{ "child-pid": 42', null, null],
  ['{ "exit-code": 7', null, null],
  ['{ "exit-code": 7000 }\n', null, null],
  ['x{ "exit-code": 7 }\n', null, null],
  ['{ "exit-code": 7 } { "child-pid": 1 }\n', null, null],
])('the status %j says child %s and exit code %s', (text, childPid, exitCode) => {
  expect(parseStatus(text)).toEqual({ childPid, exitCode });
});

test.each([
  [0, null],
  [7, null],
  [128, null],
  [130, 'SIGINT'],
  [137, 'SIGKILL'],
  [143, 'SIGTERM'],
  [255, null],
  [null, null],
] as const)('the exit code %s means the signal %s', (code, signal) => {
  expect(toExit(code)).toEqual({ code, signal });
});

describe('liveness by FIFO', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pwt-fifo-'));
  const path = join(directory, 'fifo');
  beforeEach(() => {
    rmSync(path, { force: true });
    execFileSync('mkfifo', [path]);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('ends when the last writer is gone, and not because of bytes', async () => {
    const reader = openReader(path);
    const [first, second] = [openWriter(path), openWriter(path)];
    const life = watchLiveness(reader);
    let gone = false;
    life.gone.then(() => {
      gone = true;
    });
    writeSync(first, 'noise');
    closeSync(first);
    expect(life.isHeld()).toBe(true);
    expect(gone).toBe(false);
    closeSync(second);
    await life.gone;
    expect(life.isHeld()).toBe(false);
  });

  test('a writer that was gone before the watch began is seen', async () => {
    const reader = openReader(path);
    const writer = openWriter(path);
    writeSync(writer, 'noise');
    closeSync(writer);
    const life = watchLiveness(reader);
    await life.gone;
    expect(life.isHeld()).toBe(false);
  });

  test('a full FIFO whose writer lives counts as alive', () => {
    const reader = openReader(path);
    const writer = openWriter(path);
    writeSync(writer, Buffer.alloc(65_536));
    expect(hasWriter(reader)).toBe(true);
    closeSync(writer);
    expect(hasWriter(reader)).toBe(false);
    closeSync(reader);
  });
});

describe('process identity', () => {
  test('another process under the same pid is not it, and is not signalled', () => {
    const own = thisProcess();
    const other = { ...own, startTime: own.startTime + 1 };
    expect(isAlive(own)).toBe(true);
    expect(isAlive(other)).toBe(false);
    expect(signalProcess(other, 'SIGKILL')).toBe(false);
  });

  test('a process is gone when it has ended, and signals reach it before', async () => {
    const child = spawn('sleep', ['1000']);
    const identity = identify(child.pid ?? -1);
    if (identity === null) throw new Error('sleep did not start');
    expect(signalProcess(identity, 'SIGTERM')).toBe(true);
    await once(child, 'exit');
    expect(isAlive(identity)).toBe(false);
    expect(signalProcess(identity, 'SIGTERM')).toBe(false);
  });
});

describe('teardown', () => {
  test('undoes last things first, runs every step, and reports all failures by name', async () => {
    const done: string[] = [];
    const undo = createTeardown();
    undo.add('one', () => void done.push('one'));
    undo.add('two', () => Promise.reject(new Error('no')));
    undo.add('three', () => {
      done.push('three');
      throw new Error('never');
    });
    const failure = await undo.run().catch((error: AggregateError) => error);
    expect(done).toEqual(['three', 'one']);
    expect((failure as AggregateError).errors.map(String)).toEqual([
      'Error: could not undo: three',
      'Error: could not undo: two',
    ]);
  });

  test('after a failure, says that failure with its code and hint, and what could not be undone', async () => {
    const undo = createTeardown();
    const failure = new PortwrapError('FORWARD_FAILED', 'no port', { hint: 'Look.' });
    expect(await undo.fail(failure).catch((error: unknown) => error)).toBe(failure);
    undo.add('socket', () => Promise.reject(new Error('busy')));
    const both = await undo.fail(failure).catch((error: unknown) => error);
    expect(both).toMatchObject({
      code: 'FORWARD_FAILED',
      message: 'no port; then could not undo: socket (busy)',
      hint: 'Look.',
    });
    expect([leftSomething(both), leftSomething(failure)]).toEqual([true, false]);
  });

  test('does nothing after release, and nothing twice', async () => {
    let runs = 0;
    const undo = createTeardown();
    undo.add('step', () => {
      runs += 1;
    });
    await undo.run();
    await undo.run();
    undo.add('step', () => {
      runs += 1;
    });
    undo.release();
    await undo.run();
    expect(runs).toBe(1);
  });
});
