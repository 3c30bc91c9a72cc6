// The wrapper as a script: what it runs and in which order. Not here: the loader that it starts (loader.test.ts).
import { expect, test } from 'vitest';
import { scriptArgv } from '../../../../../portwrap/launch/wrapper/script.ts';
import { rootsWrapper, wrapper } from './example.ts';

const tools = (name: string) => `/bin/${name}`;

/** The script of a wrapper, which is the word after "-c". */
const scriptOf = (argv: readonly string[]) => argv[argv.indexOf('-c') + 1] ?? '';

test('without root, in mounts that the root of its own user namespace may change, the FIFOs are made and open, a guard waits for the launcher, and the terminals are replaced before it says so, while it becomes the command', () => {
  expect(scriptArgv(tools, wrapper, ['bwrap', '--args', '3'])).toEqual([
    ...['/bin/unshare', '--user', '--map-root-user', '--mount', '--propagation', 'slave', '--'],
    '/bin/sh',
    '-c',
    [
      '/bin/mkfifo -m 600 "$1" "$2" "$5" || exit 1',
      'exec 7<>"$1"',
      `( ( trap '' INT QUIT HUP TERM; if read -r _; then :; else exec 9<>/proc/self/fd/9; known=; until found=$(/bin/find -L /proc/[0-9]*/fd/7 -maxdepth 0 -samefile /proc/self/fd/9 2>/dev/null); [ "$found" = "$known" ]; do known=$found; echo "$found" | while IFS=/ read -r _ _ holder _; do kill -9 "$holder"; done 2>/dev/null; done; fi ) <&6 9</proc/self/fd/7 >/dev/null 2>&1 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- & )`,
      'exec 6<&-',
      '( ( if { [ ! -e /dev/console ] || /bin/mount -n --bind /dev/null /dev/console; } && { [ ! -d /dev/pts ] || /bin/mount -n -i -t devpts -o newinstance,ptmxmode=0666,mode=620,nosuid,noexec devpts /dev/pts; }; then printf f >&8; else printf x >&8; fi ) 3<&- 4<&- 5<&- 6<&- 7<&- 9<&- & )',
      'shift 5',
      'exec "$@"',
    ].join('\n'),
    'portwrap',
    ...['/d/life', '/d/forwarder', '', '', '/d/uplink'],
    ...['/bin/env', '--ignore-signal=INT,TERM'],
    ...['bwrap', '--args', '3'],
  ]);
});

test('as root all is done in mounts of its own; a loader of the policy waits outside of the sandbox without its descriptors, and the command lacks the loader’s', () => {
  const argv = scriptArgv(tools, rootsWrapper, ['bwrap']);
  const script = scriptOf(argv);
  expect(argv.slice(0, 5)).toEqual(['/bin/unshare', '--mount', '--propagation', 'slave', '--']);
  expect(script).toContain(
    'if read -r child <&9; then /bin/nsenter "--net=/proc/$child/ns/net" -- /bin/nft -f - <&9',
  );
  expect(script).toContain('6</proc/self/fd/7 3<&- 4<&- 5<&- 7<&- 8<&- & )');
  expect(script.endsWith('exec "$@" 9<&-')).toBe(true);
});

test('a command that waits for its maps reports on a FIFO that it holds itself, and reads from the launcher', () => {
  const script = scriptOf(scriptArgv(tools, { ...rootsWrapper, maps: '/d/maps' }, ['bwrap']));
  expect(script).toContain('/bin/mkfifo -m 600 "$1" "$2" "$5" "$4" || exit 1');
  expect(script).toContain('exec 6<>"$4"\n( ( if {');
  expect(script.endsWith('exec "$@" 9<&8')).toBe(true);
});

test('temporary files with a bound are mounted before the terminals, and a failure is reported, not survived', () => {
  const image = { file: '/t/image', directory: '/t/files', format: ['/bin/mkfs.ext4', '^x', '/t/image'] };
  const argv = scriptArgv(tools, { ...rootsWrapper, image }, ['bwrap']);
  expect(scriptOf(argv)).toContain(
    `\n{ /bin/mkfs.ext4 '^x' /t/image && /bin/mount -n -i -t ext4 -o loop,nosuid,nodev,noinit_itable,discard "$6" "$7" && /bin/rm -f "$6"; } || { printf i >&8; read -r _ <&8; exit 1; }\n( ( if {`,
  );
  expect(scriptOf(argv)).toContain('\nshift 7\n');
  expect(argv.slice(argv.indexOf('/d/uplink'), argv.indexOf('/bin/env'))).toEqual([
    ...['/d/uplink', '/t/image', '/t/files'],
  ]);
});

test("a keeper of its scope is left before anything else, ignoring the terminal's signals, with none of its descriptors", () => {
  const script = scriptOf(scriptArgv(tools, { ...rootsWrapper, keeper: true }, ['bwrap']));
  expect(script.split('\n').slice(0, 2)).toEqual([
    "( ( trap '' INT QUIT HUP TERM; read -r _ ) <&6 >/dev/null 2>&1 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&- & )",
    'exec 6<&-',
  ]);
});

test('without root the guard of the launch is the keeper of its scope once it is built', () => {
  const script = scriptOf(scriptArgv(tools, { ...wrapper, keeper: true }, ['bwrap']));
  expect(script).toContain('if read -r _; then read -r _; else exec 9<>/proc/self/fd/9; ');
  expect(script.match(/<&6 /g)).toHaveLength(1);
});

test('a detached command has a session of its own, and another parent', () => {
  const argv = scriptArgv(tools, { ...wrapper, detached: true, ignoredSignals: [] }, ['bwrap']);
  expect(argv.slice(argv.indexOf('/d/uplink'))).toEqual(['/d/uplink', '/bin/setsid', '--fork', 'bwrap']);
});
