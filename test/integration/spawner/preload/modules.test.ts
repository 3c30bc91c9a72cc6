// Which modules are imported before the fork, and which are left to the server: a module says which process imported it.
// Not here: variables with which nothing is forked (fallback.test.ts), values of one user (kept.test.ts).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  forkedService,
  forkServerPid,
  forkServerReady,
  type ServerReport,
  startedReport,
} from '../../../support/preload.ts';
import type { TestService } from '../../../support/service.ts';

interface Report extends ServerReport {
  /** The variable, and the process that read it. */
  readonly kept: readonly [value: string, pid: number];
}

const metrics = 'JUPYTERHUB_METRICS_PREFIX';

test('a module that reads a setting of all servers is preloaded, and another value has another fork server', {
  timeout: 60_000,
}, async () => {
  const service = await serviceWhoseModuleReads(metrics);
  expect((await report(service, 'ann')).kept).toEqual(['none', forkServerPid(service)]);
  expect((await report(service, 'bob', { [metrics]: 'hub' })).kept[0]).toBe('hub');
  await forkServerReady(service, 2);
  const forked = await report(service, 'eve', { [metrics]: 'hub' });
  expect(forked.parent.name).toBe('portwrap-init\n');
  expect(forked.kept).toEqual(['hub', forkServerPid(service)]);
});

test('a module that reads a variable of one server is imported by the server', {
  timeout: 60_000,
}, async () => {
  const service = await serviceWhoseModuleReads('JUPYTERHUB_SERVER_NAME');
  const { kept, parent } = await report(service, 'ann', { JUPYTERHUB_SERVER_NAME: 'one' });
  expect(parent.name).toBe('portwrap-init\n');
  expect(kept[0]).toBe('one');
  expect(kept[1]).not.toBe(forkServerPid(service));
});

test('a module that keeps a file open is imported by the server, and what it imports before the fork', {
  timeout: 60_000,
}, async () => {
  const { service } = await forkedService({
    modules: ['http.server', 'kept'],
    prepare: (path) => {
      const code =
        'import os\nfile = open(os.devnull)\nimport inner\nvalues = lambda: [os.fstat(file.fileno()) and inner.pid, pid]\n';
      writeFileSync(join(path, 'kept.py'), `${code}pid = os.getpid()\n`);
      writeFileSync(join(path, 'inner.py'), 'import os\npid = os.getpid()\n');
    },
  });
  const { kept, parent } = await startedReport<ServerReport & { kept: number[] }>(service, 'ann');
  expect(parent.name).toBe('portwrap-init\n');
  expect(kept[0]).toBe(forkServerPid(service));
  expect(kept[1]).not.toBe(forkServerPid(service));
});

async function serviceWhoseModuleReads(variable: string): Promise<TestService> {
  const { service } = await forkedService({
    modules: ['http.server', 'kept'],
    prepare: (path) =>
      writeFileSync(
        join(path, 'kept.py'),
        `import os\nread = [os.environ.get("${variable}", "none"), os.getpid()]\nvalues = lambda: read\n`,
      ),
  });
  return service;
}

function report(service: TestService, user: string, env: Readonly<Record<string, string>> = {}) {
  return startedReport<Report>(service, user, { env });
}
