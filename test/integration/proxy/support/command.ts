// Starts `portwrap-proxy` as the process that an administrator would start, from freshly compiled sources.
// Ends it with the test.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { afterAll, expect, onTestFinished } from 'vitest';
import { freePortPair } from '../../../support/machine/free-ports.ts';

const root = join(import.meta.dirname, '../../../..');

export interface Command {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with the exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  until(text: string | RegExp): Promise<void>;
}

/** Compiles proxy/ and config/ once for the calling file; returns the path of the command. */
export function compiledCommand(): string {
  const dir = mkdtempSync(join(tmpdir(), 'portwrap-proxy-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, 'package.json'), '{"type":"module","version":"0.0.0-test"}');
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  for (const part of ['config', 'proxy']) {
    for (const name of readdirSync(join(root, part), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const out = ts.transpileModule(readFileSync(join(root, part, name), 'utf8'), {
        compilerOptions: {
          module: ts.ModuleKind.ESNext,
          target: ts.ScriptTarget.ES2023,
          rewriteRelativeImportExtensions: true,
          verbatimModuleSyntax: true,
        },
      });
      const to = join(dir, part, name.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(to), { recursive: true });
      writeFileSync(to, out.outputText);
    }
  }
  return join(dir, 'proxy/main.js');
}

export function runCommand(main: string, argv: readonly string[], env: Record<string, string> = {}): Command {
  return runProgram(process.execPath, [main, ...argv], env);
}

export function runProgram(program: string, argv: readonly string[], env: Record<string, string>): Command {
  const child = spawn(program, argv, {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    until: (text) => expect.poll(() => stdout + stderr, { timeout: 60_000, interval: 10 }).toMatch(text),
  };
}

/** A port for a proxy; its API listens on the next one unless it is told otherwise. */
export const freePort = freePortPair;
