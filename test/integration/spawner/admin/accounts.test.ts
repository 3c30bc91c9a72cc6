// Accounts of a machine as people have them: names by a template, made on request, spelled otherwise by a name service.
// The machine has an /etc and a /home of its own. Not here: accounts of other modes (test/unit/spawner/launchers).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkout, type Installation, openInstallation } from '../../../support/machine/installation.ts';
import { needsRoot } from '../../../support/reasons.ts';

let machine: Installation;

/** The accounts for these users, one after the other; a refusal is its message. */
async function resolve(settings: object, ...users: readonly string[]): Promise<unknown[]> {
  const code = `
    const dist = '/usr/local/lib/node_modules/portwrap-spawner/dist';
    const { createAccounts } = await import(dist + '/spawner/launchers/accounts.js');
    const { createToolbox, ownAccount } = await import(dist + '/portwrap/index.js');
    const { parseConfig } = await import(dist + '/config/load.js');
    const [settings, ...users] = JSON.parse(process.argv[1]);
    const { accounts } = parseConfig(JSON.stringify({ hubs: [{ name: 'h', token_env: 'T' }], accounts: settings }), 'x');
    const { resolve } = createAccounts(accounts, createToolbox(), ownAccount());
    const found = users.map((user) => resolve(user).then(({ account, environment }) => [account.uid, environment.USER, account.home], (error) => error.message));
    console.log(JSON.stringify(await Promise.all(found)));`;
  const argv = [code, JSON.stringify([settings, ...users])].map(
    (word) => `'${word.replaceAll("'", `'\\''`)}'`,
  );
  const { code: exit, output } = await machine.run(`node --input-type=module --eval ${argv.join(' ')}`);
  expect(exit, output).toBe(0);
  return JSON.parse(output) as unknown[];
}

/** The groups of this machine that the service finds for the user. */
async function groupsOf(settings: object, user: string): Promise<unknown> {
  const code = `
    const dist = '/usr/local/lib/node_modules/portwrap-spawner/dist';
    const { createAccounts } = await import(dist + '/spawner/launchers/accounts.js');
    const { createToolbox, ownAccount } = await import(dist + '/portwrap/index.js');
    const { parseConfig } = await import(dist + '/config/load.js');
    const [accounts, user] = JSON.parse(process.argv[1]);
    const config = parseConfig(JSON.stringify({ hubs: [{ name: 'h', token_env: 'T' }], accounts }), 'x');
    console.log(JSON.stringify(await createAccounts(config.accounts, createToolbox(), ownAccount()).groupsOf(user)));`;
  const { code: exit, output } = await machine.run(
    `node --input-type=module --eval '${code.replaceAll("'", `'\\''`)}' '${JSON.stringify([settings, user])}'`,
  );
  expect(exit, output).toBe(0);
  return JSON.parse(output);
}

describe('accounts of mode "system"', needsRoot, () => {
  beforeAll(async () => {
    machine = await openInstallation();
    const source = `${checkout}/test/fixtures/accounts/name-service.c`;
    const { code, output } = await machine.run(`
      set -e
      gcc -Wall -Werror -shared -fPIC -o /run/service.so ${source}
      mount --bind /run/service.so /lib/$(uname -m)-linux-gnu/libnss_hesiod.so.2
      sed -i 's/^passwd:.*/passwd: files hesiod/' /etc/nsswitch.conf
      groupadd --gid 7001 notebooks
      useradd --create-home --uid 61001 jupyter-alice`);
    expect(code, output).toBe(0);
  }, 60_000);
  afterAll(() => machine?.close());

  test('a name service may spell the name differently: the uid that it answers counts', async () => {
    expect(await resolve({}, 'annlee', 'AnnLee', 'sam', 'sam@campus.example.org')).toEqual([
      ...[63000, 63000].map((uid) => [uid, 'AnnLee', '/home/annlee']),
      ...[63001, 63001].map((uid) => [uid, 'sam@campus.example.org', '/home/sam']),
    ]);
  });

  test('a name that getent reads as a uid is nobody', async () => {
    const users = ['61001', ' 61001', '+61001', '63000', '-1', ''];
    const refusals = await resolve({}, ...users);
    expect(refusals).toEqual(users.map(() => expect.stringContaining('there is no account of that name')));
  });

  test('username gives the account by a template', async () => {
    const username = 'jupyter-{username}';
    expect(await resolve({ username }, 'alice', 'tester')).toEqual([
      [61001, 'jupyter-alice', '/home/jupyter-alice'],
      expect.stringContaining('"jupyter-tester"'),
    ]);
  });

  test('the groups of a user are those of the account by the template, whatever their names are', async () => {
    const { code, output } = await machine.run(
      `usermod --append --groups notebooks jupyter-alice && echo 'domain users:x:7002:jupyter-alice' >> /etc/group`,
    );
    expect(code, output).toBe(0);
    expect(await groupsOf({ username: 'jupyter-{username}' }, 'alice')).toEqual(
      expect.arrayContaining(['jupyter-alice', 'notebooks', 'domain users']),
    );
    expect(await groupsOf({}, 'alice')).toEqual([]);
    expect(await groupsOf({}, '61001')).toEqual([]);
  });

  test('create makes an account once, with a private home from /etc/skel, and its groups', async () => {
    await machine.run('echo hello > /etc/skel/hello');
    const made = await resolve(
      { create: true, groups: ['notebooks'], shell: '/bin/sh' },
      'newcomer',
      'newcomer',
    );
    expect(made[0]).toEqual(made[1]);
    expect(made[0]).toEqual([expect.any(Number), 'newcomer', '/home/newcomer']);
    const facts = await machine.run(
      "stat -c '%a %U' /home/newcomer; cat /home/newcomer/hello; id -nG newcomer; getent passwd newcomer | cut -d: -f7",
    );
    expect(facts.output).toBe('700 newcomer\nhello\nnewcomer notebooks\n/bin/sh\n');
  });

  test('create makes no account of a strange name, and an existing one is used', async () => {
    const users = ['-o', 'a b', 'x'.repeat(33), 'a/b', 'tester'];
    const found = await resolve({ create: true }, ...users);
    expect(found.slice(0, 4)).toEqual(
      Array.from({ length: 4 }, () => expect.stringContaining('no account can be made')),
    );
    expect(found[4]).toEqual([expect.any(Number), 'tester', '/home/tester']);
    expect((await machine.run('grep -c tester /etc/passwd')).output).toBe('1\n');
  });

  test('create makes the missing home of an account of a directory service', async () => {
    expect((await machine.run('test -e /home/annlee')).code).toBe(1);
    await resolve({ create: true }, 'annlee');
    expect((await machine.run("stat -c '%a %u' /home/annlee")).output).toBe('700 63000\n');
  });

  test('system accounts are never made usable by create', async () => {
    expect(await resolve({ create: true }, 'root', 'daemon')).toEqual([
      expect.stringContaining('below accounts.min_uid'),
      expect.stringContaining('below accounts.min_uid'),
    ]);
  });
});
