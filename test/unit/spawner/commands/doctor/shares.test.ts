// What the doctor says of limits and shares, for machines that are not this one.
import { expect, test } from 'vitest';
import { parseConfig } from '../../../../../config/load.ts';
import { evaluateShares, type ShareMachine } from '../../../../../spawner/commands/doctor/shares.ts';

const machine: ShareMachine = { version: 2, cpus: 8, memory: 16 * 2 ** 30, disks: ['sda'] };

function findings(yaml: string, of: Partial<ShareMachine> = {}): string[] {
  const config = parseConfig(`hubs: [{name: hub, token: 0123456789abcdef}]\n${yaml}`, 'test.yaml');
  return evaluateShares(config, { ...machine, ...of }).map(
    ({ status, name, what }) => `${status}: ${name}: ${what}`,
  );
}

const profiles = `profiles: [{name: fair, resources: {cpu_weight: 50, io_weight: 50, memory_high: 1G}}]`;

test('what nobody uses is not mentioned', () => {
  expect(findings('')).toEqual([]);
});

test('on a machine that has everything all of them bind', () => {
  expect(findings(`limits: {cpus: 7, memory: 14G}\n${profiles}`)).toEqual([
    'ok: limits of all servers together: memory 14G, cpus 7: they bind',
    ...['cpu_weight', 'io_weight', 'memory_high'].map((key) => `ok: ${key}: in fair: it binds`),
  ]);
});

test('a limit of all that keeps nothing for the system is a warning', () => {
  expect(findings('limits: {cpus: 8, memory: 16G}')[0]).toBe(
    'warning: limits of all servers together: memory 16G, cpus 8: this machine has 8 CPUs, this machine has 16384M of memory',
  );
});

test('a weight for disks without a scheduler that knows it does not bind', () => {
  expect(findings(profiles, { disks: [] })[1]).toMatch(/^warning: io_weight: in fair: no disk/);
});

test('with version 1 a soft limit holds only while memory is short', () => {
  expect(findings(profiles, { version: 1 })[2]).toMatch(/^warning: memory_high: .*short of memory/);
});

test('without control groups none of them can be used', () => {
  const found = findings(`limits: {processes: 500}\n${profiles}`, { version: null });
  expect(found.map((line) => line.split(':')[0])).toEqual(['warning', 'warning', 'warning', 'warning']);
});
