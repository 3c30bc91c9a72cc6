// Reads a jupyterhub_config.py with the hub's own Python. The file is the administrator's own code: it runs as whoever
// calls, or, as root and of a hub that systemd runs, as the account of that hub. What it prints is kept apart.
// Not here: what runs in Python (script.ts), what the settings mean (../rules/).
import type { ChildProcess } from 'node:child_process';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { PortwrapError } from '../../../../config/errors.ts';
import {
  becomeBareArgv,
  killGroup,
  startChild,
  type Toolbox,
  withDeadline,
} from '../../../../portwrap/index.ts';
import { apiUrlOf } from '../../setup/look/hub-settings.ts';
import { printable } from '../../table.ts';
import type { Python } from './find-python.ts';
import { script } from './script.ts';
import { looksSecret } from './secrets.ts';
import { type HubFile, valueSchema } from './settings.ts';

export interface HubFileRequest {
  readonly tools: Toolbox;
  readonly python: Python;
  /** Milliseconds. */
  readonly patience?: number;
}

/** Throws MIGRATE_FAILED with the last line of Python's traceback. */
export async function readHubFile({ tools, python, patience = 120_000 }: HubFileRequest): Promise<HubFile> {
  const { uid, gid } = python;
  const become =
    process.getuid?.() !== 0 || uid === null || uid === 0
      ? []
      : becomeBareArgv(tools('setpriv'), uid, gid ?? uid, null);
  const words = [python.program, '-c', script, python.directory, ...python.arguments];
  const [program = '', ...argv] = [...become, ...words];
  const child = startChild(program, argv, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    environment: { ...python.environment, PYTHONDONTWRITEBYTECODE: '1' },
    detached: true, // a process group of its own: what the file starts ends with it
  });
  const [, output, errors, answer] = child.process.stdio.map(gather);
  const ended = child.exited.then(async ({ code }) => {
    killGroup(child.process.pid);
    await Promise.all([output?.ended, errors?.ended, answer?.ended]);
    return code;
  });
  const late = () => failed(`it did not end within ${patience / 1000} s`, python);
  try {
    if ((await withDeadline(ended, patience, late)) !== 0)
      throw failed(reasonOf(errors?.text() ?? ''), python);
    return hubFileSchema.parse(JSON.parse(answer?.text() ?? ''));
  } catch (error) {
    if (error instanceof PortwrapError) throw error;
    throw failed('it did not say what is set', python, error);
  } finally {
    killGroup(child.process.pid);
    for (const stream of [output, errors, answer]) stream?.close();
  }
}

/** Bytes that are kept of each stream. A configuration has some kilobytes. */
const mostBytes = 16 * 2 ** 20;

interface Gathered {
  text(): string;
  readonly ended: Promise<void>;
  close(): void;
}

function gather(stream: ChildProcess['stdio'][number]): Gathered {
  const chunks: Buffer[] = [];
  let size = 0;
  const ended = new Promise<void>((resolve) => {
    if (!(stream instanceof Readable)) return resolve();
    stream.on('error', () => {}).once('close', resolve);
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= mostBytes) chunks.push(chunk);
    });
  });
  return {
    text: () => Buffer.concat(chunks).toString('utf8'),
    ended,
    close: () => stream?.destroy(),
  };
}

/** The last line of the traceback; of one that may quote a secret only the kind of exception. */
function reasonOf(errors: string): string {
  const last = printable(errors.trim().split('\n').at(-1) ?? '');
  if (last === '') return 'Python ended without a reason';
  const kind = /^[\w.]+(?=:)/.exec(last)?.[0] ?? 'an error';
  return looksSecret(last) ? `${kind}, whose text may have a secret` : last;
}

function failed(reason: string, { program, arguments: given }: Python, cause?: unknown): PortwrapError {
  return new PortwrapError('MIGRATE_FAILED', `the hub's configuration cannot be loaded: ${reason}`, {
    hint: `It was loaded by ${program} with ${given.join(' ') || 'no arguments'}; --hub-python names another Python.`,
    cause,
  });
}

const classSchema = z.object({
  name: z.string(),
  mro: z.array(z.string()),
  traits: z.record(z.string(), z.string()),
});

const hubFileSchema = z
  .object({
    path: z.string(),
    spawner: z.string(),
    spawnerClass: classSchema.nullable(),
    why: z.string().nullable(),
    children: z.record(z.string(), classSchema),
    settings: z.array(
      z.object({ section: z.string(), trait: z.string(), value: valueSchema, isShown: z.boolean() }),
    ),
    cullers: z.array(
      z.object({ name: z.string(), options: z.record(z.string(), z.number()), others: z.array(z.string()) }),
    ),
    hubUrl: z.string(),
    apiPath: z.string(),
    bin: z.string().nullable(),
  })
  .transform(({ hubUrl, apiPath, ...rest }): HubFile => ({ ...rest, apiUrl: apiUrlOf(hubUrl, apiPath) }));
