// Checks paths of a user as that user, in a process of its own: root may lack access (NFS with root_squash, FUSE),
// and a file system whose server is gone blocks every caller, which must not block this process.
// Not here: the use of the results (launch/file-view.ts).
import { PortwrapError } from '../../config/errors.ts';
import { type Account, becomeArgv } from './account.ts';
import { startChild } from './child.ts';
import { withDeadline } from './deadline.ts';
import { killGroup } from './process.ts';
import type { Toolbox } from './tools.ts';

/** The result for one path. `path` contains no symbolic links. */
export type Found =
  | { readonly kind: 'directory' | 'file'; readonly path: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly reason: string };

/** Checks each of the paths. Throws PATH_UNAVAILABLE, naming the path whose file system does not respond. */
export type Look = (paths: readonly string[]) => Promise<ReadonlyMap<string, Found>>;

/** Milliseconds until file systems must have responded. */
export const answerDeadline = 5_000;

/** Checks as `account`; null: as the account of this process. */
export function lookAs(tools: Toolbox, account: Account | null): Look {
  return async (paths) => {
    if (paths.length === 0) return new Map();
    const become = account === null ? [] : becomeArgv(tools('setpriv'), account);
    const script = [tools('sh'), '-c', lookScript(tools('realpath')), 'portwrap', ...paths];
    const answers = await answersOf([...become, ...script]);
    return new Map(
      paths.map((path, index) => {
        const answer = answers[index];
        if (answer === undefined) throw unanswered(path, account);
        return [path, parseAnswer(answer)];
      }),
    );
  };
}

/** A path that can be neither used nor covered. */
export function pathUnavailable(path: string, reason: string, hint?: string): PortwrapError {
  return new PortwrapError('PATH_UNAVAILABLE', `the path ${path} cannot be used: ${reason}`, { hint });
}

/**
 * The output of `argv`, in records that end with NUL. After the deadline the process is killed, and not waited for, as
 * it may be unkillable.
 */
export async function answersOf(argv: readonly string[]): Promise<readonly string[]> {
  const [program = '', ...more] = argv;
  const child = startChild(program, more, { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const { stdout } = child.process;
  let text = '';
  stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const closed = new Promise<void>((resolve) => {
    if (stdout === null) resolve();
    else stdout.once('close', () => resolve());
  });
  const ended = Promise.all([child.exited, closed]);
  await withDeadline(ended, answerDeadline, () => new Late()).catch((error: unknown) => {
    if (!(error instanceof Late)) throw error;
    killGroup(child.process.pid);
    stdout?.destroy();
    child.process.unref();
  });
  return text.split('\0').slice(0, -1);
}

class Late extends Error {}

/**
 * It prints one record for each path: a letter, and the real path or the reason. The shell itself knows the real path of a
 * directory that it may enter; realpath(1) is one more program to start.
 */
function lookScript(realpath: string): string {
  return [
    'for path do',
    `  if [ -d "$path" ] && cd -P -- "$path" 2>/dev/null; then printf 'd%s\\0' "$PWD"`,
    `  elif [ -d "$path" ]; then printf d; ${realpath} -e -z -- "$path" || printf '\\0'`,
    `  elif [ -e "$path" ]; then printf f; ${realpath} -e -z -- "$path" || printf '\\0'`,
    `  else printf 'x%s\\0' "$(${realpath} -e -- "$path" 2>&1 >/dev/null)"`,
    '  fi',
    'done',
  ].join('\n');
}

function parseAnswer(answer: string): Found {
  const [letter, rest] = [answer.slice(0, 1), answer.slice(1)];
  if (letter !== 'x' && rest !== '') return { kind: letter === 'd' ? 'directory' : 'file', path: rest };
  if (/: (No such file or directory|Not a directory)$/.test(rest)) return { kind: 'missing' };
  return { kind: 'refused', reason: /: ([^:]+)$/.exec(rest)?.[1] ?? 'it changed meanwhile' };
}

function unanswered(path: string, account: Account | null): PortwrapError {
  const whose = account === null ? '' : ` of the user ${account.name}`;
  const seconds = answerDeadline / 1_000;
  return pathUnavailable(
    `${path}${whose}`,
    `its file system did not answer within ${seconds} seconds`,
    'Check the server that the file system comes from (NFS, FUSE, automount), then start again.',
  );
}
