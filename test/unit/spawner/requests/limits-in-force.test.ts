import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../../config/load.ts';
import { limitsInForce, limitVariables } from '../../../../spawner/requests/limits-in-force.ts';

const [profile] = parseConfig('hubs: [{name: hub, token_env: T}]\nprofiles: [{name: p}]', 'f').profiles;
if (profile === undefined) throw new Error('no profile');
const own = (memory: string | null, cpus: number | null) => ({ ...profile.resources, memory, cpus });
const mebibytes = (count: number) => String(count * 2 ** 20);

describe('the lower limit of profile and hub holds', () => {
  test.each([
    ['neither has one', own(null, null), {}, own(null, null), {}],
    [
      'only the profile has them',
      own('1G', 2),
      undefined,
      own(mebibytes(1024), 2),
      { MEM_LIMIT: mebibytes(1024), CPU_LIMIT: '2' },
    ],
    [
      'only the hub has them',
      own(null, null),
      { memory: 512 * 2 ** 20, cpus: 0.5 },
      own(mebibytes(512), 0.5),
      { MEM_LIMIT: mebibytes(512), CPU_LIMIT: '0.5' },
    ],
    [
      'the hub has one lower and one higher',
      own('1G', 2),
      { memory: 512 * 2 ** 20, cpus: 4 },
      own(mebibytes(512), 2),
      { MEM_LIMIT: mebibytes(512), CPU_LIMIT: '2' },
    ],
    ['the hub has none of memory', own('1G', null), { cpus: 1 }, own(mebibytes(1024), 1), { CPU_LIMIT: '1' }],
  ])('%s', (_, ofProfile, ofHub, inForce, variables) => {
    expect(limitsInForce(ofProfile, ofHub)).toEqual(inForce);
    expect(limitVariables(inForce)).toMatchObject(variables);
  });

  test('whatever they are: no request raises a limit of the profile', () => {
    const amount = fc.integer({ min: 1, max: 2 ** 40 });
    fc.assert(
      fc.property(
        amount,
        amount,
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 64 }),
        (...all) => {
          const [memory, ofHub, cpus, cpusOfHub] = all;
          const result = limitsInForce(own(String(memory), cpus), { memory: ofHub, cpus: cpusOfHub });
          expect(Number(result.memory)).toBeLessThanOrEqual(memory);
          expect(result.cpus).toBeLessThanOrEqual(cpus);
        },
      ),
    );
  });
});
