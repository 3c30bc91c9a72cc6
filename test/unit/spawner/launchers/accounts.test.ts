// How users become accounts. The account database is the machine's own: root is the one name that is always there.
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Config } from '../../../../config/load.ts';
import { createToolbox } from '../../../../portwrap/index.ts';
import { createAccounts } from '../../../../spawner/launchers/accounts.ts';
import { needsRoot } from '../../../support/reasons.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'accounts-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const me = userInfo();
const own = { name: me.username, uid: me.uid, gid: me.gid, home: me.homedir, shell: '/bin/sh', listed: true };

function accounts(mode: Config['accounts']['mode'], as = own) {
  const home = `${directory}/homes/{username}`;
  return createAccounts(
    {
      ...{ mode, username: '{username}', create: false, groups: [], shell: '/bin/bash' },
      ...{ min_uid: 1000, max_uid: 65_000, uid_range: { low: 200_000, high: 200_002 }, home },
    },
    createToolbox(),
    as,
  );
}

describe('system accounts', () => {
  test.each([
    ['root', 'below accounts.min_uid'],
    ['0', 'no account of that name'],
    ['daemon', 'below accounts.min_uid'],
    ['nobody-of-this-name', 'no account of that name'],
    ['-s', 'no account of that name'],
    ['', 'no account of that name'],
  ])('%j is refused', async (user, reason) => {
    await expect(accounts('system').resolve(user)).rejects.toMatchObject({
      code: 'USER_REFUSED',
      message: expect.stringContaining(reason),
    });
  });
});

test('the groups of an account are those of the user database, and a name that is a number has none', async () => {
  const { groupsOf } = accounts('system');
  const ofId = execFileSync('id', ['-Gnz', me.username], { encoding: 'utf8' }).split('\0').filter(Boolean);
  expect(ofId).not.toEqual([]);
  expect(await groupsOf(me.username)).toEqual(ofId);
  for (const user of ['', '0', '+0', ' 0', '-G', 'nobody-of-this-name', `${me.username}\0`])
    expect(await groupsOf(user), JSON.stringify(user)).toEqual([]);
});

test('users of accounts that are not of this machine have no groups of it', async () => {
  expect(await accounts('dynamic', { ...own, uid: 0 }).groupsOf(me.username)).toEqual([]);
});

test('an account above accounts.max_uid is refused', async () => {
  await expect(accounts('system').resolve('nobody')).rejects.toMatchObject({
    code: 'USER_REFUSED',
    message: expect.stringContaining('above accounts.max_uid'),
  });
});

describe('modes that do not fit who the service is', () => {
  test('dynamic accounts need root', () => {
    expect(() => accounts('dynamic', { ...own, uid: 1000 })).toThrow(/needs the service to run as root/);
  });

  test('a root service does not run servers as itself', () => {
    expect(() => accounts('service', { ...own, uid: 0 })).toThrow(/refused for root/);
  });
});

describe('dynamic accounts, as root', needsRoot, () => {
  test('every user has a uid and a private home of their own, and keeps them', async () => {
    const first = accounts('dynamic');
    const [ann, bob] = [await first.resolve('ann'), await first.resolve('bob')];
    expect([ann.account?.uid, bob.account?.uid]).toEqual([200_000, 200_001]);
    const home = statSync(ann.home);
    expect([home.uid, home.mode & 0o777]).toEqual([200_000, 0o700]);
    expect((await accounts('dynamic').resolve('ann')).account?.uid).toBe(200_000);
  });

  test('the account is known inside, beside those of the machine', async () => {
    const { files } = await accounts('dynamic').resolve('ann');
    const passwd = files.find(({ path }) => path === '/etc/passwd')?.content ?? '';
    expect(passwd).toContain(readFileSync('/etc/passwd', 'utf8').trim());
    expect(passwd.trim().split('\n').at(-1)).toBe(`ann:x:200000:200000::${directory}/homes/ann:/bin/bash`);
  });

  test.each([0, 200_000])(
    'a home that was half made, for uid %i, costs nobody a home or a uid',
    async (uid) => {
      mkdirSync(`${directory}/homes/:new`, { recursive: true, mode: 0o700 });
      chownSync(`${directory}/homes/:new`, uid, uid);
      expect((await accounts('dynamic').resolve('ann')).account?.uid).toBe(200_000);
      expect(readdirSync(`${directory}/homes`)).toEqual(['ann']);
    },
  );

  test('when the range is used up the next user is refused', async () => {
    for (const user of ['a', 'b', 'c']) await accounts('dynamic').resolve(user);
    await expect(accounts('dynamic').resolve('d')).rejects.toMatchObject({ code: 'USER_REFUSED' });
  });

  test('signs that mean something to a replacement are only signs in a name', async () => {
    const all = accounts('dynamic');
    const tenants = [await all.resolve('$'), await all.resolve('$$'), await all.resolve('x$`')];
    expect(tenants.map(({ home }) => home)).toEqual(
      ['$', '$$', 'x$`'].map((name) => `${directory}/homes/${name}`),
    );
    expect(new Set(tenants.map(({ account }) => account?.uid)).size).toBe(3);
  });

  test.each(['../up', 'a/b', '..', '.', 'a:b', 'a\nb', 'jürgen müller', '名前 '])(
    'the name %j is no account name: its user has a home and an account by another one',
    async (user) => {
      const { home, account, files, environment } = await accounts('dynamic').resolve(user);
      const name = home.slice(`${directory}/homes/`.length);
      expect(name).toMatch(/^[a-z-]+--[0-9a-f]{20}$/);
      expect(account).toMatchObject({ name, uid: 200_000, home });
      expect(environment).toMatchObject({ HOME: home, USER: name });
      const [passwd = ''] = files.map(({ content }) => content);
      expect(passwd.trim().split('\n').at(-1)).toBe(`${name}:x:200000:200000::${home}:/bin/bash`);
      expect((await accounts('dynamic').resolve(user)).home).toBe(home);
    },
  );

  test('nobody gets the home of another user by a name that looks like it', async () => {
    const all = accounts('dynamic');
    const { home } = await all.resolve('jürgen müller');
    const name = home.slice(`${directory}/homes/`.length);
    expect(name).toMatch(/^jurgen-muller--/);
    const other = await all.resolve(name);
    expect(other.home).not.toBe(home);
    expect(other.account?.uid).toBe(200_001);
  });

  test('a home of an account outside the range is never taken over', async () => {
    mkdirSync(`${directory}/homes/root`, { recursive: true });
    await expect(accounts('dynamic').resolve('root')).rejects.toMatchObject({ code: 'USER_REFUSED' });
  });

  test('a home that is a symbolic link is refused', async () => {
    mkdirSync(`${directory}/homes`);
    symlinkSync('/etc', `${directory}/homes/eve`);
    await expect(accounts('dynamic').resolve('eve')).rejects.toMatchObject({ code: 'USER_REFUSED' });
  });
});
