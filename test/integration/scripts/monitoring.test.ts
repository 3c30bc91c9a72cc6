// monitoring/: the rules and the dashboard speak of metrics that service and proxy have, and promtool(1) accepts and
// tests them. Not here: how Grafana draws the dashboard.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { createMetrics } from '../../../spawner/metrics/metrics.ts';
import { freePorts } from '../../support/machine/free-ports.ts';
import { proxyPrograms, startProxy } from '../../support/proxy.ts';
import { skipIf } from '../../support/reasons.ts';
import { hubToken, serverPath, startService } from '../../support/service.ts';

const root = join(import.meta.dirname, '../../..');
const folder = join(root, 'monitoring');
const directory = mkdtempSync(join(tmpdir(), 'monitoring-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const rules = parse(readFileSync(join(folder, 'prometheus-rules.yaml'), 'utf8')) as {
  groups: { rules: { alert: string; expr: string }[] }[];
};
const dashboard = JSON.parse(readFileSync(join(folder, 'grafana-dashboard.json'), 'utf8')) as {
  panels: { id: number; title: string; targets?: { expr: string; legendFormat: string }[] }[];
};
const alerts = rules.groups.flatMap((group) => group.rules);
const targets = dashboard.panels.flatMap(({ targets = [] }) => targets);
const queries = targets.map(({ expr }) => expr.replaceAll('$instance', '.*'));

/** What is neither a function nor a label: names with "_", before "{", "[" or an operator. */
const metricsIn = (expression: string) =>
  expression
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}|\b(?:by|on) \([^)]*\)/g, '')
    .match(/\b[a-z]+(?:_[a-z0-9]+)+\b(?!\()|\bup\b/g) ?? [];

async function exported(): Promise<Set<string>> {
  const service = createMetrics({
    servers: () => ({ starting: 0, ready: 0, stopping: 0, exited: 0 }),
    ...{ queued: () => 0, freePorts: () => 0, maintenance: () => false },
    activity: () => ({ kernels: 0, busy: 0, terminals: 0, connections: 0, unknown: 0 }),
    health: async () => ({ status: 'ok' }),
  });
  const [port = 0] = await freePorts(1);
  const proxy = await startProxy(proxyPrograms['portwrap-proxy'], ['--metrics-port', `${port}`]);
  try {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    const text = `${await service.text()}\n${await response.text()}`;
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    );
    return new Set([...types, 'up']);
  } finally {
    proxy.kill();
  }
}

test('every metric of a rule and of the dashboard is one that the service or the proxy has', async () => {
  const known = await exported();
  const used = [...alerts.map(({ expr }) => expr), ...queries].flatMap(metricsIn);
  expect(used.length).toBeGreaterThan(40);
  expect([...new Set(used)].filter((name) => !known.has(name))).toEqual([]);
});

test('panels have ids of their own, and a title', () => {
  const ids = dashboard.panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(dashboard.panels.filter(({ title }) => title === '')).toEqual([]);
});

const { findPromtool } = await import(join(root, 'scripts/setup/promtool.mjs'));
const program: string | undefined = findPromtool(process.env);
const needsPromtool = skipIf(program === undefined, 'promtool is not there: apt-get install prometheus');
const promtool = (...argv: string[]) => execFileSync(program ?? '', argv, { encoding: 'utf8' });

test('promtool accepts the rules and the queries of the dashboard', needsPromtool, () => {
  const file = join(directory, 'queries.yaml');
  const record = queries.map((expr, index) => ({ record: `dashboard_${index}`, expr }));
  writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules: record }] }));
  const said = promtool('check', 'rules', join(folder, 'prometheus-rules.yaml'), file);
  expect(said).toContain(`SUCCESS: ${alerts.length} rules found`);
  expect(said).toContain(`SUCCESS: ${queries.length} rules found`);
});

test('each alert fires when it should, and on an ordinary evening none does', needsPromtool, () => {
  expect(promtool('test', 'rules', join(folder, 'rules-test.yaml'))).toContain('SUCCESS');
});

const title = 'every query of the dashboard finds something with the label of its legend in what is exported';
test(title, needsPromtool, async () => {
  const input = [...(await seriesOfService()), ...(await seriesOfProxy())];
  // what is found does not depend on the values
  const input_series = input.map((series) => ({ series, values: '1x80' }));
  const found = queries.map((expr, index) => {
    const label = /\{\{(\w+)\}\}/.exec(targets[index]?.legendFormat ?? '')?.[1] ?? 'found';
    const named = label === 'found' ? expr : `label_replace(${expr}, "found", "yes", "${label}", ".+")`;
    const labels = label === 'found' ? '{}' : '{found="yes"}';
    return {
      ...{ expr: `count by (found) (${named}) > bool 0`, eval_time: '70m' },
      exp_samples: [{ labels, value: 1 }],
    };
  });
  const file = join(directory, 'finds.yaml');
  writeFileSync(file, stringify({ tests: [{ interval: '1m', input_series, promql_expr_test: found }] }));
  expect(promtool('test', 'rules', file)).toContain('SUCCESS');
});

/** After a server that was stopped, and one that failed. */
async function seriesOfService(): Promise<string[]> {
  const service = await startService(`
  - {name: web, command: [/usr/bin/python3, -u, -m, http.server, "{guest-port}"]}
  - {name: fails, command: [/bin/false]}`);
  try {
    const started = await service.start('alice', { spawn_id: 'monitoring-1', profile: 'web' });
    expect(started.at(-1)).toMatchObject({ ready: true });
    await service.call('DELETE', serverPath('alice', ''));
    const failed = await service.start('alice', { spawn_id: 'monitoring-2', profile: 'fails' });
    expect(failed.at(-1)).toMatchObject({ failed: true });
    return await seriesAt(`${service.url}/metrics`, 'portwrap-spawner');
  } finally {
    await service.dispose();
  }
}

/** After a request. */
async function seriesOfProxy(): Promise<string[]> {
  const [port = 0] = await freePorts(1);
  const proxy = await startProxy(proxyPrograms['portwrap-proxy'], ['--metrics-port', `${port}`]);
  try {
    await (await fetch(proxy.url)).text();
    return await seriesAt(`http://127.0.0.1:${port}/metrics`, 'portwrap-proxy');
  } finally {
    await proxy.kill();
  }
}

/** With the labels that Prometheus adds. */
async function seriesAt(url: string, job: string): Promise<string[]> {
  const response = await fetch(url, { headers: { authorization: `token ${hubToken}` } });
  expect(response.status).toBe(200);
  const text = await response.text();
  return [...text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)].map(
    ([, name, labels]) => `${name}{${labels === undefined ? '' : `${labels},`}job="${job}",instance="a"}`,
  );
}
