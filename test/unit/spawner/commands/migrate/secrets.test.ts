// What migrate takes for a secret. Not here: that it does not print one (translate.test.ts).
import { expect, test } from 'vitest';
import {
  hasSecret,
  isSecretName,
  looksSecret,
} from '../../../../../spawner/commands/migrate/read/secrets.ts';

test.each([
  'API_TOKEN',
  'client_secret',
  'DB_PASSWORD',
  'AWS_SECRET_ACCESS_KEY',
  'SSH_KEY',
  'AUTH',
  'apikey',
])('%s is the name of one', (name) => {
  expect(isSecretName(name)).toBe(true);
});

test.each(['AUTHOR', 'KEYBOARD', 'OMP_NUM_THREADS', 'isolate_devices', 'MONKEY'])('%s is none', (name) => {
  expect(isSecretName(name)).toBe(false);
});

test.each([
  'postgres://u:pw@h/d',
  '--ServerApp.token=abc',
  'export TOKEN=abc',
  '9f8c7d6e5b4a39281706f5e4d3c2b1a0',
  '0b9c3c1e-9a2b-4f5d-8f13-5f4e2d1c0b9a',
])('%s has one', (text) => {
  expect(looksSecret(text)).toBe(true);
});

test.each([
  '/opt/conda/envs/jupyter2024/bin',
  'quay.io/jupyter/scipy-notebook:2024-10-07',
  'jupyterhub-singleuser',
  'http://127.0.0.1:8081/hub/api',
  '--exclusive=user',
])('%s has none', (text) => {
  expect(looksSecret(text)).toBe(false);
});

test('one inside a list or a dictionary is found', () => {
  expect(hasSecret([{ a: ['--x', { password: 'y' }] }])).toBe(true);
  expect(hasSecret([{ a: ['--x', { password: null }] }])).toBe(false);
});
