// Which of several sandboxes is meant.
import { expect, test } from 'vitest';
import { type Candidate, choose } from '../../../../portwrap/enter/find.ts';

function candidate(...names: string[]): Candidate {
  const [label = ''] = names;
  const target = { label, child: { pid: 1, startTime: 1 }, filter: Buffer.alloc(8), settle: async () => {} };
  return { names, isDefaultServer: !label.includes('/') && !/^\d+$/.test(label), target };
}

const own = candidate('alice', 'hub:alice');
const gpu = candidate('alice/gpu', 'gpu', 'hub:alice/gpu');
const command = candidate('9876');

test('without a name the default server is meant, or else the only sandbox', () => {
  expect(choose([gpu, own, command], undefined)).toBe(own);
  expect(choose([gpu], undefined)).toBe(gpu);
  expect(choose([command], undefined)).toBe(command);
});

test('a name is that of a server with or without its user and hub, or a host port', () => {
  for (const name of ['gpu', 'alice/gpu', 'hub:alice/gpu'])
    expect(choose([own, gpu, command], name)).toBe(gpu);
  expect(choose([own, gpu, command], 'alice')).toBe(own);
  expect(choose([own, gpu, command], '9876')).toBe(command);
});

test('otherwise it is refused, with those that there are', () => {
  const refusal = (act: () => unknown) => {
    try {
      return act();
    } catch (error) {
      return error;
    }
  };
  expect(refusal(() => choose([gpu, command], undefined))).toMatchObject({
    code: 'SANDBOX_UNKNOWN',
    message: 'you have several sandboxes',
    hint: 'Name one of: alice/gpu, 9876.',
  });
  expect(refusal(() => choose([gpu, command], 'bob'))).toMatchObject({
    message: 'you have no sandbox "bob" here',
    hint: 'You have: alice/gpu, 9876.',
  });
  expect(refusal(() => choose([own, candidate('alice', 'other:alice')], 'alice'))).toMatchObject({
    message: 'several sandboxes are named "alice"',
  });
  expect(refusal(() => choose([], undefined, true))).toMatchObject({
    hint: 'portwrap-spawner enter SERVER enters the servers of users.',
  });
});
