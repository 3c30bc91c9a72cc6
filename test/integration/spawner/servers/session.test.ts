// What a server finds when it begins: shell, file mode mask, working directory; and what is said when its directories are
// missing. With a real service and real sandboxes.
import { describe, expect } from 'vitest';
import { needsRoot } from '../../../support/reasons.ts';
import { serviceTest } from '../../../support/service-test.ts';

const profile = (name: string, more: string) => `
  - name: ${name}
    command: ${JSON.stringify(['bash', '-c', '{ pwd; echo $SHELL; umask; } > ~/out.txt; cd; exec /usr/bin/python3 -m http.server 8888'])}
    ${more}`;
const profiles = [
  profile('plain', ''),
  profile('chosen', 'shell: /bin/sh\n    umask: "027"\n    working_directory: /usr/share'),
  profile('lost', 'working_directory: "/no/such/{username}"'),
].join('');

const test = serviceTest(profiles);
const ofMachine = serviceTest(profiles, '', { accounts: '{mode: system}' });

test('by default a server begins in its home, with the shell of its account and umask 022', async ({
  service,
}) => {
  const last = (await service.start('ann', { spawn_id: 'session-1', profile: 'plain' })).at(-1);
  const output = await (await fetch(`${last?.url}/out.txt`)).text();
  expect(output.split('\n')).toEqual([`${service.directory}/homes/ann`, '/bin/bash', '0022', '']);
});

test('a profile says where, with which shell and which umask', async ({ service }) => {
  const last = (await service.start('bea', { spawn_id: 'session-2', profile: 'chosen' })).at(-1);
  const output = await (await fetch(`${last?.url}/out.txt`)).text();
  expect(output.split('\n')).toEqual(['/usr/share', '/bin/sh', '0027', '']);
});

test('a working directory that does not exist is named, with the key that says it', async ({ service }) => {
  const last = (await service.start('cleo', { spawn_id: 'session-3', profile: 'lost' })).at(-1);
  expect(last?.error).toMatchObject({
    code: 'PATH_UNAVAILABLE',
    hint: expect.stringContaining('"working_directory"'),
  });
  expect(last?.message).toContain('/no/such/cleo cannot be used: it does not exist');
});

test('a user whose name is no account name has a server', needsRoot, async ({ service }) => {
  const last = (await service.start('jürgen müller', { spawn_id: 'session-4', profile: 'plain' })).at(-1);
  expect(last).toMatchObject({ ready: true });
  const output = await (await fetch(`${last?.url}/out.txt`)).text();
  expect(output.split('\n')[0]).toMatch(/\/homes\/jurgen-muller--[0-9a-f]{20}$/);
});

describe('with accounts of the machine', needsRoot, () => {
  ofMachine('a missing home is named, with the way out', async ({ service }) => {
    // Debian's account "nobody" has a home that exists nowhere
    const last = (await service.start('nobody', { spawn_id: 'session-5', profile: 'plain' })).at(-1);
    expect(last?.error).toMatchObject({
      code: 'PATH_UNAVAILABLE',
      hint: expect.stringContaining('mkhomedir_helper nobody'),
    });
    expect(last?.message).toBe('the home directory /nonexistent of nobody cannot be used: it does not exist');
  });
});
