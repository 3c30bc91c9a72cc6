// Specifications of jobs of this version and of the one before. Not here: running one (test/integration/slurm).
import { expect, test } from 'vitest';
import { jobSpecVersion } from '../../../../portwrap/job/protocol.ts';
import { parseJobSpec } from '../../../../portwrap/job/spec.ts';

const same = { command: ['server'], guestPort: 8888, hostPorts: { low: 1, high: 2 } };

test('a specification of this version is taken as it is', () => {
  const spec = { ...same, version: jobSpecVersion, network: { forwarder: null, uplink: 'pasta' } };
  expect(parseJobSpec(JSON.stringify(spec))).toEqual(spec);
});

test.each(['slirp4netns', 'pasta'])(
  'a job that was submitted before there were uplinks has its forwarder %s, which is its own uplink',
  (forwarder) => {
    expect(parseJobSpec(JSON.stringify({ ...same, version: 2, forwarder }))).toEqual({
      ...same,
      version: jobSpecVersion,
      network: { forwarder, uplink: null },
    });
  },
);

test.each([
  ['no JSON', '{', 'it is not JSON'],
  ['a list', '[]', 'it has no version'],
  [
    'of a later service',
    JSON.stringify({ version: jobSpecVersion + 1 }),
    'unsupported version 4 (expected 3)',
  ],
  ['of a service before the last', JSON.stringify({ version: 1 }), 'unsupported version 1 (expected 3)'],
  ['of the doctor of the service before', JSON.stringify({ version: 2, probe: {} }), 'unsupported version 2'],
])('a specification that is %s is refused, with what to do', (_, text, message) => {
  const parse = () => parseJobSpec(text);
  expect(parse).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(parse).toThrow(expect.objectContaining({ hint: expect.stringContaining('the same version') }));
  expect(parse).toThrow(message);
});
