// Reports by https, as through a TLS proxy before slurm.report_listen: only to whom the node trusts.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createReports } from '../../../spawner/launchers/slurm/reports/reports.ts';
import { certificates } from '../proxy/support/certificates.ts';

const id = 'abcabcabcabc';
const { ca, issue } = certificates();

test('an authority of its own is trusted when Node is told of it, and not before', async () => {
  const { key, cert } = issue('reports', 'IP:127.0.0.1');
  const reports = createReports('the key', () => true);
  const taken: unknown[] = [];
  const forget = reports.expect(id, (report) => taken.push(report));
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, reports.listener);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/jobs/${id}`;
  const target = JSON.stringify({ url, secret: reports.secretOf(id) });
  const script = `import { post } from ${JSON.stringify(resolve('dist/portwrap/job/report.js'))};
    console.log(await post(${target}, { event: 'ready' }));`;
  const argv = ['--input-type=module', '--eval', script];
  const send = async (env: NodeJS.ProcessEnv) =>
    (await promisify(execFile)(process.execPath, argv, { env })).stdout.trim();
  expect(await send({})).toBe('null');
  expect(taken).toEqual([]);
  expect(await send({ NODE_EXTRA_CA_CERTS: ca })).toBe('204');
  expect(taken).toEqual([{ event: 'ready' }]);
  forget();
  server.close();
});
