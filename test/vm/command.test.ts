// The portwrap command with limits, in the logins that people have: the limit binds, and the login's own control
// group is as it was.
import { describe, expect } from 'vitest';
import { check } from './check.ts';
import type { Outcome } from './machine.ts';

const alloc = `python3 -c "bytearray(b'x') * (400 << 20)"`;
const run = (options: string, command: string) =>
  `portwrap --memory 200M -p 0 -P 8888 ${options} -- ${command}`;

/** The login's group before and after, with what it hands down and what is below it. */
const own =
  'G=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup); echo "group: $G $(find $G -type d | wc -l) $(cat $G/cgroup.subtree_control)"';
const within = (command: string) => `cd /tmp; ${own}; ${command}; C=$?; ${own}; exit $C`;

const logins = [
  { name: 'root in a login', account: 'root', command: (rest: string) => within(run('--user alice', rest)) },
  { name: 'a user in a login', account: 'alice', command: (rest: string) => within(run('', rest)) },
  {
    name: 'a user in a delegated scope',
    account: 'alice',
    command: (rest: string) => `systemd-run --user --scope -q -p Delegate=yes ${run('', rest)}`,
  },
];

describe('portwrap --memory', () => {
  for (const { name, account, command } of logins) {
    check(`as ${name} runs a command below its limit`, async ({ installed: { machine } }) => {
      const told = await machine.login(account, command('echo "memory of $(id -un) is limited"'), {
        seconds: 300,
      });
      expect(told.code, told.output).toBe(0);
      expectSameGroup(told);
    });

    check(`as ${name} ends a command above its limit, and says why`, async ({ installed: { machine } }) => {
      const told = await machine.login(account, command(alloc), { seconds: 300 });
      expect(told.code, told.output).toBe(137);
      expect(told.output).toMatch(/out of memory|memory limit/i);
      expectSameGroup(told);
    });
  }
});

function expectSameGroup({ output }: Outcome): void {
  const seen = output.split('\n').filter((line) => line.startsWith('group: '));
  expect(new Set(seen).size).toBeLessThanOrEqual(1);
}
