// The doctor goes on when a probe of its own crashes. Not here: the probes for real (test/integration/portwrap/).
import { expect, test } from 'vitest';
import { runDoctor } from '../../../../portwrap/doctor/doctor.ts';

test('a probe that crashes is a finding, and all others are still made', async () => {
  const broken = () => {
    throw new TypeError('a defect');
  };
  const checks = await runDoctor({ tools: broken, uid: 1000, network: { forwarder: null, uplink: null } });
  expect(checks.filter(({ what }) => what === 'a defect')).toMatchObject(
    ['sandbox', 'tun device', 'network policy', 'launch'].map((name) => ({ name, status: 'failed' })),
  );
  expect(checks.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['control groups', 'init', 'open files']),
  );
});
