// What a configuration may say of GPUs and devices.
import { expect, test } from 'vitest';
import { parseConfig } from '../../../config/load.ts';

const parse = (yaml: string) => parseConfig(`hubs: [{name: hub, token_env: T}]\n${yaml}`, 'test.yaml');
const pool = 'gpus: {devices: [{nodes: [/dev/nvidia0]}, {nodes: [/dev/nvidia1]}]}\n';

test('a profile may have as many GPUs as there are', () => {
  const config = parse(`${pool}profiles: [{name: big, resources: {gpus: 2}}]`);
  expect(config.profiles[0]?.resources.gpus).toBe(2);
  expect(() => parse(`${pool}profiles: [{name: big, resources: {gpus: 3}}]`)).toThrow(/gpus: .*at most 2/);
});

test('a node is in the pool once, and no profile shows one of the pool', () => {
  expect(() => parse('gpus: {devices: [{nodes: [/dev/a]}, {nodes: [/dev/b, /dev/a]}]}')).toThrow(
    /in this list already/,
  );
  expect(() => parse(`${pool}profiles: [{name: a, files: {devices: [/dev/nvidia0]}}]`)).toThrow(
    /set resources\.gpus/,
  );
});

test.each(['/etc/passwd', '/dev/../etc/passwd', '/dev/', 'nvidia0'])('%s is no device', (path) => {
  expect(() => parse(`gpus: {devices: [{nodes: ["${path}"]}]}`)).toThrow(/below \/dev/);
  expect(() => parse(`profiles: [{name: a, files: {devices: ["${path}"]}}]`)).toThrow(/devices/);
});
