// Which user the test server of setup belongs to. Not here: the test server (test/integration/spawner/admin).
import { expect, test } from 'vitest';
import { parseConfig } from '../../../../../config/load.ts';
import { chooseTestUser } from '../../../../../spawner/commands/setup/test-user.ts';

const accountsWith = (accounts: string) =>
  parseConfig(`hubs: [{ name: hub, token_file: /t }]\naccounts: ${accounts}\n`, 'config.yaml').accounts;
const account = (name: string, uid: number, shell = '/bin/bash') => ({ name, uid, shell });
const machine = [
  account('root', 0),
  account('www-data', 33, '/usr/sbin/nologin'),
  account('backup', 1000, '/usr/sbin/nologin'),
  account('admin', 1001),
  account('jupyter-', 1002),
  account('jupyter-alice', 1003),
];

test('the first account of people is taken, and no account of a service', () => {
  expect(chooseTestUser(accountsWith('{}'), machine)).toBe('admin');
  expect(chooseTestUser(accountsWith('{}'), machine.slice(0, 3))).toBeNull();
});

test('with a template, the user whose account fits it is taken', () => {
  const tljh = accountsWith('{ username: "jupyter-{username}", create: true }');
  expect(chooseTestUser(tljh, machine)).toBe('alice');
  expect(chooseTestUser(accountsWith('{ username: "{username}-lab" }'), machine)).toBeNull();
});

test('an account is made only where no existing one can be taken', () => {
  const tljh = accountsWith('{ username: "jupyter-{username}", create: true }');
  expect(chooseTestUser(tljh, machine.slice(0, 4))).toBe('smoke-test');
  expect(chooseTestUser(accountsWith('{ mode: dynamic }'), machine)).toBe('smoke-test');
});
