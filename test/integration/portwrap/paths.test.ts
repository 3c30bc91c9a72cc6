// Homes and paths as they are: behind symbolic links, not root's to enter, on file systems that do not answer or come
// later. Everything is mounted in a mount namespace of the test's own. Not here: automounts (test/integration/world/).
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { accountName, testAccount } from '../../support/machine/accounts.ts';
import { needsRoot } from '../../support/reasons.ts';
import { startService } from '../../support/service.ts';

const fuse = resolve('test/fixtures/portwrap/fuse.py');
const ownMounts = ['unshare', '--mount', '--propagation', 'private', '--'];

/** Runs a script in mounts of its own, in which $PORTWRAP runs a command of the user $NAME, whose home is $HOME. */
function inOwnMounts(script: string, kind: 'plain' | 'private' = 'plain') {
  const { name, uid, gid, home } = testAccount('a');
  const server = kind === 'plain' ? [] : ['/usr/bin/python3', fuse, kind, home, String(uid), String(gid)];
  const [program = '', ...argv] = [...ownMounts, ...server, 'sh', '-c', `cd /\n${script}`];
  const PORTWRAP = `${process.execPath} ${resolve('dist/portwrap/main.js')} -p 0 -P 8888 --user ${name}`;
  return spawnSync(program, argv, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, PORTWRAP, NAME: name, HOME: home },
  });
}

describe('as root', needsRoot, () => {
  test.each(['host', 'strict'])('a home behind an absolute link is writable in the view "%s"', (view) => {
    const { stdout } = inOwnMounts(`
      mount -t tmpfs none /srv && mount -t tmpfs none /home && mkdir -p /srv/$NAME/secret
      echo key >/srv/$NAME/secret/key && chown -R $NAME /srv/$NAME && ln -s /srv/$NAME $HOME
      $PORTWRAP --view ${view} --hide $HOME/secret -- sh -c 'cd && touch here && ls . secret /srv/*/secret'`);
    expect(stdout.split('\n').filter(Boolean)).toEqual([
      ...['.:', 'here', 'secret'],
      `/srv/${accountName('a')}/secret:`,
      'secret:',
    ]);
  });

  test('what is hidden in a home that root may not enter is hidden', () => {
    const run = inOwnMounts(
      `ls $HOME 2>&1; $PORTWRAP --view strict --hide $HOME/secret/key -- sh -c "cd; ls secret; cat secret/key"`,
      'private',
    );
    expect(run.stdout).toContain('Permission denied\nkey\n'); // root's, then what the user sees
    expect(run.stderr).toContain('cat: secret/key: Permission denied');
  });

  test('a path that must be hidden and cannot be reached is refused', () => {
    const run = inOwnMounts(`
      mount -t tmpfs none /srv && mkdir -p /srv/closed/secret && chmod 700 /srv/closed
      $PORTWRAP --hide /srv/closed/secret -- echo ran`);
    expect(run).toMatchObject({ status: 125, stdout: '' });
    expect(run.stderr).toContain('/srv/closed/secret cannot be used: its user cannot look at it');
    expect(run.stderr).toContain('PATH_UNAVAILABLE');
  });

  test('a link of the user makes nothing writable outside of the home', () => {
    const run = inOwnMounts(`
      mount -t tmpfs none /srv && mount -t tmpfs none /home && mkdir -m 777 $HOME /srv/open
      ln -s ../../srv/open $HOME/link
      $PORTWRAP --view strict --read-write $HOME/link -- touch /srv/open/x; ls /srv/open`);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain('it leads out of the directory of the user, to /srv/open');
  });

  test('a file system that is mounted later is not writable in the strict view', () => {
    const run = inOwnMounts(`
      mount --make-rshared / && mount -t tmpfs none /srv && mkdir -m 777 /srv/later && mkfifo /run/to.$$ /run/from.$$
      $PORTWRAP --view strict -- sh -c 'echo up; read _; touch /srv/later/x' </run/to.$$ >/run/from.$$ &
      exec 3>/run/to.$$ 4</run/from.$$; rm /run/to.$$ /run/from.$$
      read -r up <&4; mount -t tmpfs -o mode=1777 none /srv/later; echo >&3; wait; ls /srv/later`);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain("touch: cannot touch '/srv/later/x': Read-only file system");
  });

  test('an optional path may be missing, another one not', () => {
    const optional = ['read-only', 'read-write', 'temporary', 'hide'].map((name) => `--${name}=-/srv/gone`);
    expect(inOwnMounts(`$PORTWRAP ${optional.join(' ')} -- echo ran`).stdout).toBe('ran\n');
    expect(inOwnMounts('$PORTWRAP --read-write /srv/gone -- echo ran')).toMatchObject({
      status: 125,
      stdout: '',
    });
  });

  test.each(['host', 'strict'])(
    'a home that does not answer fails its own start alone, in the view "%s"',
    async (view) => {
      const [dead, fine] = [testAccount('a'), testAccount('b')];
      const mounted = ['/usr/bin/python3', fuse, 'dead', dead.home, String(dead.uid), String(dead.gid)];
      const command = '[/usr/bin/python3, -m, http.server, "8888"]';
      const service = await startService(`  - {name: web, command: ${command}, files: {view: ${view}}}`, '', {
        accounts: '{mode: system}',
        within: [...ownMounts, ...mounted],
      });
      try {
        const stuck = service.start(dead.name, { spawn_id: `dead-${view}`, profile: 'web' });
        const other = await service.start(fine.name, { spawn_id: `fine-${view}`, profile: 'web' });
        expect(other.at(-1)).toMatchObject({ ready: true });
        const last = (await stuck).at(-1);
        expect(last).toMatchObject({ failed: true, error: { code: 'PATH_UNAVAILABLE' } });
        expect(last?.error?.message).toContain(`${dead.home} of the user ${dead.name}`);
        void service.start(dead.name, { spawn_id: `again-${view}`, profile: 'web' }).catch(() => {});
        await service.call('DELETE', `/users/${fine.name}/server`);
        expect(await service.end()).toMatchObject({ code: 0 });
      } finally {
        await service.dispose();
      }
    },
    60_000,
  );
});
