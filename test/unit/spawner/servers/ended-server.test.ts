// A server that had ended before the service was restarted, from records of this version and of earlier ones.
import { expect, test } from 'vitest';
import { recordSchema, type ServerRecord } from '../../../../spawner/records/record.ts';
import { endedServer } from '../../../../spawner/servers/ended-server.ts';

const time = '2026-01-01T00:00:00.000Z';
const record = (fields: object): ServerRecord =>
  recordSchema.parse({
    ...{ id: 'abcdefabcdef', hub: 'hub', user: 'ann', name: '', spawn_id: 'spawn-id', profile: 'default' },
    ...{ route_prefix: null, ready_path: '/', state: 'exited', started: time, sandbox: null, error: null },
    ...fields,
  });
const error = { code: 'IDLE_CULLED', message: 'stopped after 2 hours', hint: '' };

test.each([
  [{ exit: { code: 0, signal: null, time } }, 'it ended by itself'],
  [{ exit: { code: 3, signal: null, time } }, 'it ended with exit code 3'],
  [{ exit: { code: null, signal: null, time } }, 'it ended, and its exit code is unknown'],
  [{ exit: { code: 137, signal: 'SIGKILL', time } }, 'it was ended by SIGKILL'],
  [
    { exit: { code: 137, signal: 'SIGKILL', out_of_memory: true, time } },
    'it ran out of memory, and the kernel ended it',
  ],
  [{ exit: { code: 0, signal: null, time }, error }, 'stopped after 2 hours'],
  [{ exit: { code: 0, signal: null, reason: 'as it was said then', time } }, 'as it was said then'],
])('%j says why: %s', (fields, reason) => {
  expect(endedServer(record(fields)).record.exit).toMatchObject({ reason });
});
