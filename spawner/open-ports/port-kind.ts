// What an open port is for: by the program that holds it, and by what that has said. Both are the user's own claims:
// they decide what is shown first, never who may do what. Not here: asking (ask-program.ts).
import type { ListeningPort } from '../usage/observe.ts';
import type { Heard } from './ask-program.ts';

/**
 * http: it has a page. unknown: it was not asked, or did not respond. other: it speaks something else. server: the port
 * that is forwarded. kernel and debugger: of use to other programs only. In the order of a list.
 */
export const portKinds = ['http', 'unknown', 'other', 'server', 'kernel', 'debugger'] as const;
export type PortKind = (typeof portKinds)[number];

/** Those that people do not look for. */
export function isNoise(kind: PortKind): boolean {
  return kind === 'server' || kind === 'kernel' || kind === 'debugger';
}

/** Without asking; null where only its response can tell. */
export function kindByProgram({ programs, words }: ListeningPort): PortKind | null {
  if (
    programs.some((name) => debuggers.includes(name)) ||
    words.some((word) => /(?:^|\/)debugpy\b/.test(word))
  )
    return 'debugger';
  return programs.some((name) => withoutPages.includes(name)) ? 'other' : null;
}

/** Where it is never asked. A kernel opens ports for its messages, but programs that run in it open others. */
export function guessedKind(port: ListeningPort): PortKind {
  const isKernel = port.words.some(
    (word) => word === 'ipykernel_launcher' || /(?:^|\/)kernel-[\w-]+\.json$/.test(word),
  );
  return kindByProgram(port) ?? (isKernel ? 'kernel' : 'unknown');
}

export function kindByResponse({ spoken }: Heard): PortKind {
  if (spoken === 'zeromq') return 'kernel';
  return spoken === 'silent' ? 'unknown' : spoken;
}

const debuggers: readonly string[] = ['gdbserver', 'lldb-server', 'dlv'];

/** Well-known programs that do not speak HTTP; some of them log a request as an attack. */
const withoutPages: readonly string[] = [
  ...['postgres', 'mysqld', 'mariadbd', 'mongod', 'redis-server', 'valkey-server', 'memcached', 'sshd'],
  ...['Xvnc', 'Xtigervnc', 'Xvfb', 'Xorg', 'x11vnc'],
];
