// Following a log that nobody has written yet: a job that waits in Slurm's queue, a start that waits for its turn.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogReader } from '../../../../spawner/logs/reader.ts';

let logs: string;
let end: () => void;
let chunks: AsyncIterator<Buffer>;
beforeEach(() => {
  logs = mkdtempSync(join(tmpdir(), 'portwrap-logs-'));
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const { signal } = new AbortController();
  chunks = createLogReader({ logs }).follow('a', 0, ended, signal)[Symbol.asyncIterator]();
});
afterEach(() => rmSync(logs, { recursive: true }));

const write = (text: string) => appendFileSync(join(logs, 'a.log'), text);

test('a log that does not exist yet is followed from its first line on', async () => {
  const first = chunks.next();
  write('one\n');
  expect(String((await first).value)).toBe('one\n');
  const second = chunks.next();
  write('two\n');
  expect(String((await second).value)).toBe('two\n');
  end();
  expect((await chunks.next()).done).toBe(true);
});

test('a log that never comes ends with its server', async () => {
  const first = chunks.next();
  end();
  expect((await first).done).toBe(true);
});
