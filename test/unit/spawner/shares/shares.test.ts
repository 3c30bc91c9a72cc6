// Who may share ports with whom by the rules of a profile, whom a share lets in, and what is kept of it.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Profile } from '../../../../config/load.ts';
import { createLogger } from '../../../../config/logger.ts';
import type { AuditEntry } from '../../../../spawner/audit/audit.ts';
import type { ServerRecord } from '../../../../spawner/records/record.ts';
import { allowedSharing } from '../../../../spawner/shares/rules.ts';
import type { ShareRequest } from '../../../../spawner/shares/share.ts';
import { openShares } from '../../../../spawner/shares/shares.ts';

type Rule = Profile['port_sharing'][number];

const parent = mkdtempSync(join(tmpdir(), 'pw-shares-'));
afterAll(() => rmSync(parent, { recursive: true }));

const rule = (more: Partial<Rule>): Rule => ({
  ...{
    users: null,
    groups: null,
    with_users: null,
    with_groups: null,
    with_everybody: false,
    longest: 3_600,
  },
  ...more,
});

const anns = {
  ...{ id: 'a1', hub: 'hub', user: 'ann', name: '', spawn_id: 's1', profile: 'p', state: 'ready' },
  sandbox: { guestPort: 8888 },
} as unknown as ServerRecord;

const start = Date.parse('2026-01-01T00:00:00Z');
const at = (seconds: number) => new Date(start + seconds * 1000).toISOString();

function scene(rules: Rule[], records: ServerRecord[] = [anns], directory = mkdtempSync(join(parent, 'd-'))) {
  const audited: AuditEntry[] = [];
  let now = start;
  let current = rules;
  const shares = openShares({
    directory,
    profiles: () => [{ name: 'p', port_sharing: current } as unknown as Profile],
    isOffered: () => true,
    records: () => records,
    audit: { record: (entry) => void audited.push(entry) },
    log: createLogger('silent', 'test'),
    now: () => now,
  });
  return {
    ...{ shares, audited, directory },
    pass: (seconds: number) => (now += seconds * 1000),
    decide: (other: Rule[]) => (current = other),
    share: (more: Partial<ShareRequest> = {}, record = anns) =>
      shares.add(record, { ...request, ...more }, 'user ann'),
  };
}

const request: ShareRequest = {
  ...{ port: 9000, users: [], groups: [], everybody: false, until: at(600), owner_groups: [] },
};
const bob = { name: 'bob', groups: ['students'] };
const any = rule({ with_users: ['*'], with_groups: ['*'], with_everybody: true });

describe('the rules', () => {
  test.each<[string, Rule[], Partial<ShareRequest>, boolean]>([
    ['nobody by default', [], { users: ['bob'] }, false],
    ['with a named user', [rule({ with_users: ['bob'] })], { users: ['bob'] }, true],
    ['with no other user', [rule({ with_users: ['bob'] })], { users: ['bob', 'carol'] }, false],
    ['with no group of that name', [rule({ with_users: ['bob'] })], { groups: ['bob'] }, false],
    ['with any user', [rule({ with_users: ['*'] })], { users: ['bob', 'carol'] }, true],
    ['with any user is not with everybody', [rule({ with_users: ['*'] })], { everybody: true }, false],
    [
      'with everybody is with any',
      [rule({ with_everybody: true })],
      { users: ['x'], groups: ['y'], everybody: true },
      true,
    ],
    [
      'by two rules together',
      [rule({ with_users: ['bob'] }), rule({ with_groups: ['g'] })],
      { users: ['bob'], groups: ['g'] },
      true,
    ],
    ['only users that are named', [rule({ users: ['eve'], with_users: ['*'] })], { users: ['bob'] }, false],
    [
      'members of a group',
      [rule({ groups: ['staff'], with_users: ['*'] })],
      { users: ['bob'], owner_groups: ['staff'] },
      true,
    ],
    [
      'only members of that group',
      [rule({ groups: ['staff'], with_users: ['*'] })],
      { users: ['bob'], owner_groups: ['x'] },
      false,
    ],
    ['not for longer', [any], { users: ['bob'], until: at(3_601) }, false],
    ['for that long', [any], { users: ['bob'], until: at(3_600) }, true],
  ])('allow %s', async (_what, rules, asked, isAllowed) => {
    const { share, audited } = scene(rules);
    if (isAllowed) await share(asked);
    else await expect(share(asked)).rejects.toMatchObject({ code: 'SHARE_REFUSED' });
    expect(audited).toMatchObject([
      { event: 'share', by: 'user ann', port: 9000, result: isAllowed ? 'accepted' : 'SHARE_REFUSED' },
    ]);
  });

  test('say what a form offers', () => {
    const owner = { user: 'ann', groups: ['staff'] };
    expect(allowedSharing([], owner)).toBeNull();
    expect(allowedSharing([rule({ groups: ['x'], with_everybody: true })], owner)).toBeNull();
    expect(
      allowedSharing([rule({ with_users: ['bob'] }), rule({ with_groups: ['g'], longest: 60 })], owner),
    ).toEqual({
      ...{ users: true, groups: true, everybody: false, longest: 3_600 },
    });
  });
});

describe('a share', () => {
  test('lets in those whom it names, to that port of that server, until its time', async () => {
    const { shares, share, pass } = scene([any]);
    await share({ users: ['carol'], groups: ['students'] });
    const carol = { name: 'carol', groups: [] };
    expect(shares.letIn(anns, 9000, bob)).toBe(true);
    expect(shares.letIn(anns, 9000, carol)).toBe(true);
    expect(shares.letIn(anns, 9000, { name: 'students', groups: ['carol'] })).toBe(false);
    expect(shares.letIn(anns, 9001, bob)).toBe(false);
    expect(shares.letIn({ ...anns, id: 'a2' }, 9000, bob)).toBe(false);
    pass(600);
    expect(shares.letIn(anns, 9000, bob)).toBe(false);
    expect(shares.of(anns)).toEqual([]);
  });

  test('ends when the administrator takes the rule back, and when it is revoked, at once', async () => {
    const { shares, share, decide, audited } = scene([any]);
    const { id } = await share({ everybody: true });
    decide([rule({ with_groups: ['*'] })]);
    expect(shares.letIn(anns, 9000, bob)).toBe(false);
    decide([any]);
    let heard = 0;
    shares.onRevoke(() => {
      heard += 1;
    });
    const revoking = shares.revoke(anns, id, 'user ann');
    expect([shares.letIn(anns, 9000, bob), heard]).toEqual([false, 1]);
    expect(await revoking).toBe(true);
    expect(await shares.revoke(anns, id, 'user ann')).toBe(false);
    expect(audited.at(-1)).toMatchObject({ event: 'unshare', by: 'user ann', user: 'ann', port: 9000 });
  });

  test('survives a restart of the service, and ends with its server', async () => {
    const { share, directory } = scene([any]);
    await share({ users: ['bob'] });
    const again = scene([any], [anns], directory);
    expect(again.shares.letIn(anns, 9000, bob)).toBe(true);
    const other = { ...anns, id: 'b1' };
    const later = scene([any], [other], directory);
    await later.share({ users: ['bob'] }, other);
    const kept = JSON.parse(readFileSync(join(directory, 'shares.json'), 'utf8')) as { server: string }[];
    expect(kept.map(({ server }) => server)).toEqual(['b1']);
    expect(statSync(join(directory, 'shares.json')).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['the port of the server itself', { port: 8888 }, anns, 'SHARE_REFUSED'],
    ['a server that does not run', {}, { ...anns, state: 'starting' } as ServerRecord, 'SHARE_REFUSED'],
    ['a time that is over', { until: at(0) }, anns, 'REQUEST_INVALID'],
  ])('of %s is refused', async (_what, more, record, code) => {
    const { share } = scene([any]);
    await expect(share({ users: ['bob'], ...more }, record)).rejects.toMatchObject({ code });
  });

  test('is one of fifty at most', async () => {
    const { share } = scene([any]);
    for (let port = 1; port <= 50; port += 1) await share({ port, users: ['bob'] });
    await expect(share({ users: ['bob'] })).rejects.toMatchObject({ code: 'LIMIT_REACHED' });
  });

  test('that cannot be written is none, and a file that cannot be read shares nothing', async () => {
    const gone = scene([any]);
    rmSync(gone.directory, { recursive: true });
    await expect(gone.share({ users: ['bob'] })).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(gone.shares.letIn(anns, 9000, bob)).toBe(false);
    const directory = mkdtempSync(join(parent, 'd-'));
    writeFileSync(join(directory, 'shares.json'), '[{"server": "a1", "everybody": true}]');
    expect(scene([any], [anns], directory).shares.letIn(anns, 9000, bob)).toBe(false);
  });
});
