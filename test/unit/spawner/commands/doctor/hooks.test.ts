// What the doctor says of the administrator's commands, with real files.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseConfig } from '../../../../../config/load.ts';
import { collectHookChecks } from '../../../../../spawner/commands/doctor/hooks.ts';
import { needsRoot } from '../../../../support/reasons.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hook-'));
  chmodSync(directory, 0o755);
});
afterEach(() => rmSync(directory, { recursive: true }));

function program(mode: number): string {
  const path = join(directory, 'program');
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, mode);
  return path;
}

function found(path: string, more = ''): string {
  const yaml = `hubs: [{name: hub, token_env: T}]\nprofiles: [{name: p, hooks: {before_start: {command: ["${path}"]${more}}}}]`;
  return collectHookChecks(parseConfig(yaml, 'f'))
    .map(({ status, name, what }) => `${status}: ${name}: ${what}`)
    .join('\n');
}

test('no command, no finding', () => {
  expect(collectHookChecks(parseConfig('hubs: [{name: hub, token_env: T}]', 'f'))).toEqual([]);
});

test('a program that is missing, or cannot be executed, fails', () => {
  expect(found('/no/such/program')).toBe('failed: hooks.before_start of p: /no/such/program does not exist');
  expect(found(program(0o644))).toContain('is not an executable file');
});

describe('as root', needsRoot, () => {
  test('a program that only root can change is well', () => {
    expect(found(program(0o755))).toBe(`ok: hooks.before_start of p: ${join(directory, 'program')}`);
  });

  test('a program that others can change is a warning if it runs as the service', () => {
    const path = program(0o775);
    expect(found(path)).toBe(`warning: hooks.before_start of p: others than root can change ${path}`);
    expect(found(path, ', run_as: user')).toMatch(/^ok/);
  });

  test('so is one in a directory that others can change, also behind a link', () => {
    const path = program(0o755);
    mkdirSync(join(directory, 'links'));
    symlinkSync(path, join(directory, 'links', 'linked'));
    const linked = join(directory, 'links', 'linked');
    expect(found(linked)).toMatch(/^ok/);
    chmodSync(join(directory, 'links'), 0o777);
    expect(found(linked)).toContain(`others than root can change ${directory}/links`);
    chmodSync(directory, 0o777);
    expect(found(linked)).toContain(`others than root can change ${directory}`);
  });
});
