// Every forwarder of the table runs the contract suite, as root for an account and as an ordinary user.
// Not here: the suite (forwarder.contract.ts).
import { afterAll, expect, test } from 'vitest';
import { type ForwarderName, forwarderNames } from '../../portwrap/index.ts';
import { installPortwrap, modes } from '../support/run-portwrap.ts';
import { describeForwarder, type ForwarderLimits } from './forwarder.contract.ts';

const held: Readonly<Partial<Record<ForwarderName, ForwarderLimits>>> = {
  builtin: { connectionsAtOnce: 100, largeTransfers: true, loopback: ['127.0.0.1', '::1'] },
  // it listens with a backlog of one: a burst loses most of its connections for seconds, so the proxy opens few
  slirp4netns: { connectionsAtOnce: 1, largeTransfers: true, loopback: [] },
  // passt's own fault: bench/RESULTS.md, "Does pasta carry every byte?"
  pasta: {
    connectionsAtOnce: 100,
    largeTransfers: false,
    loopback: ['127.0.0.1'],
  },
};

const installed = installPortwrap();
afterAll(() => installed.remove());

test('every forwarder there is runs the contract suite', () => {
  expect(Object.keys(held).sort()).toEqual([...forwarderNames].sort());
});

for (const name of forwarderNames) {
  const limits = held[name];
  if (limits === undefined) continue; // the test above has failed then
  for (const mode of modes()) describeForwarder(name, limits, installed, mode);
}
