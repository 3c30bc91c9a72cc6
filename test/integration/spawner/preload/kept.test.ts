// Modules that keep a value of the user while they are imported: in a forked server they have kept the user's own, as in
// a command. Not here: what else is the same (same.test.ts).
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  forkServerReady,
  linesWith,
  type ServerReport,
  startedReport,
  trustedDirectory,
} from '../../../support/preload.ts';
import { startedService } from '../../../support/service-test.ts';

interface Report extends ServerReport {
  readonly kept: readonly string[];
}

test('what a module keeps of a user in texts, bytes, paths, tuples, classes, slots and defaults is the own user’s', {
  timeout: 120_000,
}, async () => {
  const { service, reportOf } = await serviceOf((path) =>
    copyFileSync('test/fixtures/preload/kept.py', join(path, 'kept.py')),
  );
  await forkServerReady(service);
  const command = await reportOf('command');
  const forked = await reportOf('forked');
  expect([command.parent.name, forked.parent.name]).toEqual(['bwrap\n', 'portwrap-init\n']);
  expect(forked.kept).toEqual(command.kept);
  expect(forked.kept[0]).toBe(`'${forked.python.home}'`);
});

test.each([
  ['a part of a path', 'parts = os.path.expanduser("~").split("/")'],
  ['a key of a dictionary', 'known = {os.path.expanduser("~"): 1}'],
  ['an argument of a partial function', 'show = functools.partial(print, os.path.expanduser("~"))'],
  [
    'an element of the memory of a function',
    '@functools.lru_cache(3)\ndef home(): return os.path.expanduser("~")\nhome()',
  ],
])(
  'with %s that cannot be replaced servers are commands, and the log says why',
  {
    timeout: 120_000,
  },
  async (_, code) => {
    const { service, reportOf } = await serviceOf((path) =>
      writeFileSync(join(path, 'kept.py'), `import functools, os\n${code}\nvalues = list\n`),
    );
    const reason = 'keeps a value of one user where it cannot be replaced';
    await expect.poll(() => linesWith(service, reason).length, { timeout: 60_000 }).toBe(1);
    expect((await reportOf('forked')).parent.name).toBe('bwrap\n');
  },
);

async function serviceOf(prepare: (path: string) => void) {
  const { path, server, remove } = trustedDirectory();
  onTestFinished(remove);
  prepare(path);
  const profile = (name: string, more: string) => `
  - {name: ${name}, command: [${server}], ready_path: /, ${more} environment: {PYTHONPATH: ${path}},
     network: {internet: false, dns: false}}`;
  const service = await startedService(
    onTestFinished,
    profile('command', '') + profile('forked', 'preload: [http.server, kept],'),
  );
  return {
    service,
    async reportOf(name: string): Promise<Report> {
      const report = await startedReport<Report>(service, 'ann', { profile: name });
      await service.call('DELETE', '/users/ann/server');
      return report;
    },
  };
}
