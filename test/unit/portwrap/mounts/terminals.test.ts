// Which mounts replace the machine's terminals, from its table of mounts. Not here: that they do
// (integration/portwrap/terminals.test.ts).
import { openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { callerTerminal, terminalCommands, terminalMounts } from '../../../../portwrap/mounts/terminals.ts';

const line = (root: string, point: string, type = 'devpts') =>
  `36 35 0:24 ${root} ${point} rw - ${type} none rw\n`;
const own = (target: string) => ({ kind: 'new', target });
const bound = (source: string, target: string) => ({ kind: 'bind', source, target });

test.each([
  [
    'a new instance lies at the usual place, mounted twice or never',
    line('/', '/dev/pts').repeat(2),
    null,
    [own('/dev/pts')],
  ],
  [
    'and wherever else the machine has mounted one',
    line('/', '/dev/pts') + line('/', '/srv/a\\040b/pts') + line('/', '/srv/x', 'tmpfs'),
    null,
    [own('/dev/pts'), own('/srv/a b/pts')],
  ],
  [
    'single terminals that an engine has mounted are gone, and its ptmx opens terminals of the new instance',
    line('/0', '/dev/console') + line('/ptmx', '/dev/ptmx'),
    null,
    [own('/dev/pts'), bound('/dev/null', '/dev/console'), bound('/dev/pts/ptmx', '/dev/ptmx')],
  ],
  [
    "the caller's terminal is bound first, and stays",
    line('/0', '/dev/console'),
    '/dev/pts/7',
    [bound('/dev/pts/7', '/dev/console'), own('/dev/pts')],
  ],
])('%s', (_, mountinfo, caller, mounts) => {
  expect(terminalMounts(mountinfo, caller)).toEqual(mounts);
});

test('as commands, each fails where the target is there and cannot be mounted on', () => {
  const mounts = terminalMounts(line('/', '/srv/a\\040b/pts'), '/dev/pts/7');
  const devpts = 'mount -n -i -t devpts -o newinstance,ptmxmode=0666,mode=620,nosuid,noexec devpts';
  expect(terminalCommands('mount', mounts)).toEqual([
    '{ [ ! -e /dev/console ] || mount -n --bind /dev/pts/7 /dev/console; }',
    `{ [ ! -d /dev/pts ] || ${devpts} /dev/pts; }`,
    `{ [ ! -d '/srv/a b/pts' ] || ${devpts} '/srv/a b/pts'; }`,
  ]);
});

test('what is no terminal is no terminal of the caller', () => {
  expect(callerTerminal(['ignore', openSync('/dev/null', 'r')])).toBeNull();
});
