// Lines to the system's log, with programs in the place of logger(1).
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogger } from '../../../../config/logger.ts';
import { openSyslog } from '../../../../spawner/audit/syslog.ts';

const log = createLogger('silent', 'test');
const patience = { timeout: 30_000 };
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'syslog-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function program(script: string): string {
  const path = join(directory, 'logger');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}
const at = (name: string) => join(directory, name);
const textOf = (name: string) => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : '');

test('every line arrives, whole, with a tag to find it by, when the service ends', async () => {
  const syslog = openSyslog(log, program(`echo "$@" > ${at('argv')}; cat > ${at('lines')}`));
  const long = 'x'.repeat(4000);
  for (const line of ['one', long, 'three']) syslog.write(`${line}\n`);
  await syslog.close();
  expect(textOf('lines')).toBe(`one\n${long}\nthree\n`);
  expect(textOf('argv')).toBe('--tag portwrap-audit --priority authpriv.info --size 16384\n');
});

test('a logger that ends is started again for a later line', async () => {
  const syslog = openSyslog(log, program(`read line; echo "$line" >> ${at('lines')}`));
  syslog.write('first\n');
  await expect.poll(() => textOf('lines'), patience).toBe('first\n');
  const again = () => {
    syslog.write('later\n');
    return textOf('lines');
  };
  await expect.poll(again, { ...patience, interval: 200 }).toContain('later\n');
  await syslog.close();
});

test('without a logger, lines are lost and nothing else is', async () => {
  const syslog = openSyslog(log, at('none'));
  syslog.write('lost\n');
  await syslog.close();
  expect(existsSync(at('lines'))).toBe(false);
});
