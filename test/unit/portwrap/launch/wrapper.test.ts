// The wrapper: what it runs and in which order, and what a launch learns from its loader of the policy.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex, PassThrough } from 'node:stream';
import { afterAll, expect, test } from 'vitest';
import { endLoader, loadPolicy, wrapperArgv } from '../../../../portwrap/launch/wrapper.ts';

const directory = mkdtempSync(join(tmpdir(), 'wrapper-'));
afterAll(() => rmSync(directory, { recursive: true }));
const tools = (name: string) => `/bin/${name}`;
const paths = {
  life: '/d/life',
  forwarder: '/d/forwarder',
  policyLog: null,
  keeper: false,
  sysctls: { lowPorts: false, routeLoopback: false },
};

test('the FIFOs are made and open before it says so, and then it becomes the command', () => {
  expect(wrapperArgv(tools, paths, ['bwrap', '--args', '3'])).toEqual([
    '/bin/sh',
    '-c',
    [
      '/bin/mkfifo -m 600 "$1" "$2" || exit 1',
      'exec 7<>"$1"',
      'printf f >&8 || exit 1',
      'shift 3',
      'exec "$@"',
    ].join('\n'),
    'portwrap',
    ...['/d/life', '/d/forwarder', ''],
    ...['bwrap', '--args', '3'],
  ]);
});

test('as root a loader of the policy waits outside, in mounts of its own, without the descriptors of the sandbox, and the command lacks its own', () => {
  const [, , script = ''] = wrapperArgv(tools, { ...paths, policyLog: '/d/policy.log' }, ['bwrap']);
  expect(script).toContain(
    'read -r child <&9 && /bin/unshare --mount --propagation slave -- ' +
      '/bin/nsenter "--net=/proc/$child/ns/net" -- /bin/nft -f - <&9',
  );
  expect(script).toContain('3<&- 4<&- 5<&- 6<&- 7<&- 8<&- & )');
  expect(script.endsWith('exec "$@" 9<&-')).toBe(true);
});

test("a keeper of its scope is left before anything else, ignoring the terminal's signals, with none of its descriptors", () => {
  const [, , script = ''] = wrapperArgv(tools, { ...paths, keeper: true }, ['bwrap']);
  expect(script.split('\n').slice(0, 2)).toEqual([
    "( ( trap '' INT QUIT HUP TERM; read -r _ ) <&6 >/dev/null 2>&1 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&- & )",
    'exec 6<&-',
  ]);
});

/** The launch's end of the loader's pipe; what is written arrives in `told`, and `say` is the loader's word. */
function fakeLoader() {
  const said = new PassThrough();
  const told: string[] = [];
  const write = (chunk: Buffer, _: unknown, done: () => void) => {
    told.push(chunk.toString());
    done();
  };
  const pipe = new Duplex({ read: () => {}, write, final: (done) => done() });
  said.on('data', (chunk) => pipe.push(chunk)).on('end', () => pipe.push(null));
  return { pipe, told, said };
}

test('the rules count as loaded only by the word of the loader', async () => {
  const { pipe, told, said } = fakeLoader();
  const loaded = loadPolicy(pipe, 42, 'table inet t {}', '/nowhere');
  said.end('y');
  await loaded;
  expect(told.join('')).toBe('42\ntable inet t {}');
});

test.each([
  ['that ends without a word', async ({ said }: ReturnType<typeof fakeLoader>) => void said.end()],
  [
    'that had ended before',
    async ({ pipe, said }: ReturnType<typeof fakeLoader>) => {
      said.end();
      await endLoader(pipe);
    },
  ],
  ['whose pipe is closed', async ({ pipe }: ReturnType<typeof fakeLoader>) => void pipe.destroy()],
])('a loader %s means that the policy is not in force', async (_, fault) => {
  const loader = fakeLoader();
  await fault(loader);
  const log = join(directory, 'policy.log');
  writeFileSync(log, 'Error: no such table\n');
  await expect(loadPolicy(loader.pipe, 42, 'rules', log)).rejects.toMatchObject({
    code: 'POLICY_FAILED',
    message: `nft could not load the network policy: ${readFileSync(log, 'utf8').trim()}`,
  });
});
