// A pool of GPUs, with device nodes that are made for the test: each is another /dev/zero. Real service, real sandboxes.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect } from 'vitest';
import { runId } from '../../../support/machine/run-id.ts';
import { needsRoot } from '../../../support/reasons.ts';
import { serverPath, type TestService } from '../../../support/service.ts';
import { serviceTest } from '../../../support/service-test.ts';

const directory = `/dev/portwrap-gpus-${runId()}`;
const node = (name: string) => join(directory, name);
const isRoot = process.getuid?.() === 0;
if (isRoot) {
  mkdirSync(directory, { recursive: true });
  for (const name of ['gpu0', 'gpu1', 'control', 'other']) {
    execFileSync('mknod', [node(name), 'c', '1', '5']);
    chmodSync(node(name), 0o666);
  }
  afterAll(() => rmSync(directory, { recursive: true }));
}

/** Which of the nodes can be read inside, and the variables. */
const script = `cd; for f in gpu0 gpu1 control other; do head -c 1 ${directory}/$f >/dev/null 2>&1 && echo $f; done > out.txt; echo "$CUDA_VISIBLE_DEVICES|$NVIDIA_VISIBLE_DEVICES|$ROCR_VISIBLE_DEVICES" >> out.txt; exec /usr/bin/python3 -m http.server 8888`;
const profile = (name: string, more: string) => `
  - name: ${name}
    title: With ${name}
    command: ${JSON.stringify(['bash', '-c', script])}
    environment: {CUDA_VISIBLE_DEVICES: "7"}
    ${more}`;
const test = serviceTest(
  [
    profile('none', ''),
    profile('one', 'resources: {gpus: 1}'),
    profile('basic', 'resources: {gpus: 1}\n    files: {devices: basic}'),
    profile('listed', `files: {devices: [${node('other')}, "-${node('missing')}"]}`),
  ].join(''),
  `gpus: {devices: [{nodes: [${node('gpu0')}], id: GPU-zero}, {nodes: [${node('gpu1')}]}], shared: [${node('control')}, "-${node('missing')}"]}`,
);

let serial = 0;
async function seenBy(service: TestService, user: string, name: string): Promise<string[]> {
  const last = (await service.start(user, { spawn_id: `gpus-id-${serial++}`, profile: name })).at(-1);
  expect(last).toMatchObject({ ready: true });
  return (await (await fetch(`${last?.url}/out.txt`)).text()).trim().split('\n');
}
const ask = (service: TestService, user: string) =>
  service.call('POST', serverPath(user), { spawn_id: `gpus-id-${serial++}`, profile: 'one' });

describe('a pool of two', needsRoot, () => {
  test('who asks for none sees none of the pool, with all devices and with a list', async ({ service }) => {
    expect(await seenBy(service, 'nell', 'none')).toEqual(['other', '7||']);
    expect(await seenBy(service, 'lou', 'listed')).toEqual(['other', '7||']);
  });

  test('each server has one of its own, with the variables to match, and what all need', async ({
    service,
  }) => {
    expect(await seenBy(service, 'ann', 'one')).toEqual([
      ...['gpu0', 'control', 'other'],
      'GPU-zero|GPU-zero|GPU-zero',
    ]);
    expect(await seenBy(service, 'bea', 'basic')).toEqual(['gpu1', 'control', '0|0|0']);
    expect((await service.call('GET', serverPath('bea'))).body).toMatchObject({ gpus: [node('gpu1')] });
  });

  test('when none is free a start is refused, also after a restart, until one is given back', async ({
    service,
  }) => {
    const refusal = {
      status: 429,
      body: { code: 'LIMIT_REACHED', message: 'With one needs 1 of the 2 GPUs, and 0 are free' },
    };
    expect(await ask(service, 'cleo')).toMatchObject(refusal);
    await service.restart();
    expect(await ask(service, 'cleo')).toMatchObject(refusal);
    await service.call('DELETE', serverPath('ann'));
    expect(await seenBy(service, 'cleo', 'one')).toContain('gpu0');
  });

  test('a node that has gone is named, and how to get it back', async ({ service }) => {
    await service.call('DELETE', serverPath('cleo'));
    rmSync(node('gpu0'));
    const last = (await service.start('dan', { spawn_id: 'gpus-lost', profile: 'one' })).at(-1);
    expect(last?.error).toMatchObject({ code: 'PATH_UNAVAILABLE', hint: expect.stringContaining('driver') });
    expect(last?.message).toContain(node('gpu0'));
  });
});
