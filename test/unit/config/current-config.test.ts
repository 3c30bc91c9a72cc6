// What a reload takes over at once and what waits for a restart, for every key of the schema.
import { describe, expect, test } from 'vitest';
import { createCurrentConfig, effects, serviceEffects } from '../../../config/current-config.ts';
import type { Config } from '../../../config/load.ts';
import { parseConfig } from '../../../config/load.ts';
import { serviceSchema } from '../../../config/schema/service.ts';
import { configSchema } from '../../../config/schema.ts';

const keys = Object.keys(configSchema.shape) as (keyof Config)[];
const serviceKeys = Object.keys(serviceSchema.unwrap().shape) as (keyof Config['service'])[];
const file = parseConfig('hubs: [{name: hub, token_env: T}]\nprofiles: [{name: p}]\n', 'test.yaml');
/** What is compared and taken over is the same for a configuration whose secrets are not resolved. */
const first = file as unknown as Config;
const changed = { value: 'that no key has' };

test('every key of the schema says when its new value is in force', () => {
  expect(Object.keys(effects).toSorted()).toEqual([...keys, 'private_files'].toSorted());
  expect(Object.keys(serviceEffects).toSorted()).toEqual(serviceKeys.toSorted());
});

describe.each(keys.filter((key) => key !== 'service'))('a new value of %s', (key) => {
  const current = createCurrentConfig(first);
  const outcome = current.replace({ ...first, [key]: changed });

  test(`is in force ${effects[key]}, and the reload says so`, () => {
    const now = effects[key] === 'at once';
    expect(outcome).toEqual({ changed: now ? [key] : [], needRestart: now ? [] : [key] });
    expect(current.get()[key]).toEqual(now ? changed : first[key]);
  });
});

describe.each(serviceKeys)('a new value of service.%s', (key) => {
  const current = createCurrentConfig(first);
  const outcome = current.replace({ ...first, service: { ...first.service, [key]: changed } });

  test(`is in force ${serviceEffects[key]}, and the reload says so`, () => {
    const now = serviceEffects[key] === 'at once';
    expect(outcome).toEqual({
      changed: now ? ['service'] : [],
      needRestart: now ? [] : [`service.${key}`],
    });
    expect(current.get().service[key]).toEqual(now ? changed : first.service[key]);
  });
});
