// Who may report what: a job, by its own secret, about itself, from where it runs.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNodeAddresses } from '../../../../../spawner/launchers/slurm/job/node-addresses.ts';
import { createReportBudget } from '../../../../../spawner/launchers/slurm/reports/report-budget.ts';
import { createReports, type Reports } from '../../../../../spawner/launchers/slurm/reports/reports.ts';

const id = 'abcabcabcabc';
let ready = true;
let now = 0;
let reports: Reports;
let server: Server;
beforeEach(async () => {
  ready = true;
  reports = createReports(
    'the key',
    () => ready,
    () => now,
  );
  server = createServer(reports.listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => server.close());

function endedBy(signal: string): string {
  return JSON.stringify({ event: 'ended', code: 137, signal, out_of_memory: false, asked: false });
}

async function send(
  body: string,
  { path = `/jobs/${id}`, secret = reports.secretOf(id), method = 'POST' } = {},
) {
  const { port } = server.address() as AddressInfo;
  const headers = { authorization: `Bearer ${secret}` };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    ...{ method, headers },
    ...(method === 'GET' ? {} : { body }),
  });
  return response.status;
}

test('a report with the right secret is handed on, with where it came from', async () => {
  const taken: unknown[] = [];
  reports.expect(id, (report, from) => taken.push([report, from]));
  expect(await send('{"event":"ready"}')).toBe(204);
  expect(taken).toEqual([[{ event: 'ready' }, '127.0.0.1']]);
});

test.each([
  ['the secret of another job', '{"event":"ready"}', { secret: 'of another' }, 401],
  ['no secret', '{"event":"ready"}', { secret: '' }, 401],
  ['another address', '{}', { path: '/api/servers' }, 400],
  ['another method', '', { method: 'GET' }, 400],
  ['what is not JSON', '{', {}, 400],
  ['an event that there is not', '{"event":"root"}', {}, 400],
  ['an end by what is no signal', endedBy('<b>\u001b[2J'), {}, 400],
  ['an end by words', endedBy('SIGKILL, as asked'), {}, 400],
  ['more than a report can hold', JSON.stringify({ event: 'log', text: 'x'.repeat(3_000_000) }), {}, 413],
])('%s is refused', async (_what, body, request, status) => {
  const taken: unknown[] = [];
  reports.expect(id, (report) => taken.push(report));
  expect(await send(body, request)).toBe(status);
  expect(taken).toEqual([]);
});

test('an end by a signal is handed on', async () => {
  const taken: unknown[] = [];
  reports.expect(id, (report) => taken.push(report));
  for (const signal of ['SIGKILL', 'SIGRTMIN+3', 'SIGUSR1']) expect(await send(endedBy(signal))).toBe(204);
  expect(taken).toMatchObject([{ signal: 'SIGKILL' }, { signal: 'SIGRTMIN+3' }, { signal: 'SIGUSR1' }]);
});

test('the words of a failure are handed on without control characters', async () => {
  const taken: unknown[] = [];
  reports.expect(id, (report) => taken.push(report));
  const said = { message: 'nft refused\n\u001b[31mall', hint: 'Install\u009bit.' };
  expect(await send(JSON.stringify({ event: 'failed', code: 'POLICY_FAILED', ...said }))).toBe(204);
  const shown = { message: 'nft refused  [31mall', hint: 'Install it.' };
  expect(taken).toEqual([{ event: 'failed', code: 'POLICY_FAILED', ...shown }]);
});

test('a job that nobody wants any more is told so; before the records are read it is told to wait', async () => {
  const forget = reports.expect(id, () => {});
  forget();
  expect(await send('{"event":"alive"}')).toBe(410);
  const letGo = reports.hold(id); // it is being submitted, or looked for
  expect(await send('{"event":"alive"}')).toBe(503);
  letGo();
  expect(await send('{"event":"alive"}')).toBe(410);
  ready = false;
  expect(await send('{"event":"alive"}')).toBe(503);
});

test('a job that sends without end is told to repeat, and no other job with it', async () => {
  let taken = 0;
  const other = 'abcabcabcabd';
  reports.expect(id, (report) => {
    taken += report.event === 'log' ? report.text.length : 0;
  });
  reports.expect(other, () => {});
  const body = JSON.stringify({ event: 'log', text: '\0'.repeat(262_144) });
  for (let sent = 0; sent < 20; sent += 1) await send(body).catch(() => 'cut');
  expect(taken).toBe(3 * 262_144); // 1.5 MB each, of 4 MB saved up
  expect(await send('{"event":"ready"}')).toBe(503);
  expect(await send('{"event":"ready"}', { path: `/jobs/${other}`, secret: reports.secretOf(other) })).toBe(
    204,
  );
  now += 60_000;
  expect(await send('{"event":"ready"}')).toBe(204);
});

test('short reports count as well, and one is read at a time', () => {
  const budget = createReportBudget(() => now);
  expect(budget.begin()).toBe(true);
  expect(budget.begin()).toBe(false);
  budget.end(1);
  let taken = 0;
  for (; taken < 10_000 && budget.begin(); taken += 1) budget.end(1);
  expect(taken).toBe(1023);
});

test('each job has a secret of its own, which another key does not make', () => {
  const others = ['abcabcabcabd', 'abcabcabcab'].map(reports.secretOf);
  expect(new Set([...others, reports.secretOf(id)]).size).toBe(3);
  expect(createReports('another key', () => true).secretOf(id)).not.toBe(reports.secretOf(id));
});

const range = { low: 20_000, high: 20_010 };
const here = { host: '10.1.0.5', port: 20_001 };

test('a server is where its job reports from, within the port range', () => {
  const addresses = createNodeAddresses([], range);
  expect(() => addresses.check(here, '10.1.0.5', id)).not.toThrow();
  expect(() => addresses.check(here, '10.1.0.6', id)).toThrow('refused');
  expect(() => addresses.check({ ...here, port: 8001 }, '10.1.0.5', id)).toThrow('ports.range');
});

test("a job cannot claim the address of another user's server, until that has ended", () => {
  const addresses = createNodeAddresses([], range);
  addresses.lease(here, 'victim');
  expect(() => addresses.check(here, '10.1.0.5', id)).toThrow("another server's");
  expect(() => addresses.check(here, '10.1.0.5', 'victim')).not.toThrow();
  addresses.release('victim');
  expect(() => addresses.check(here, '10.1.0.5', id)).not.toThrow();
});

test('with networks of nodes, a server is in one of them', () => {
  const addresses = createNodeAddresses(['10.2.0.0/16'], range);
  expect(() => addresses.check({ ...here, host: '10.2.3.4' }, '10.1.0.5', id)).not.toThrow();
  expect(() => addresses.check({ ...here, host: '10.3.3.4' }, '10.1.0.5', id)).toThrow('refused');
});
