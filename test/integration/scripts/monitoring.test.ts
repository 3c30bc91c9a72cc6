// monitoring/: the rules and the dashboard speak of metrics that service and proxy have, and promtool(1) accepts and
// tests them.
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

const folder = join(import.meta.dirname, '../../../monitoring');
const directory = mkdtempSync(join(tmpdir(), 'monitoring-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const rules = parse(readFileSync(join(folder, 'prometheus-rules.yaml'), 'utf8')) as {
  groups: { rules: { alert: string; expr: string }[] }[];
};
const dashboard = JSON.parse(readFileSync(join(folder, 'grafana-dashboard.json'), 'utf8')) as {
  panels: { id: number; title: string; targets?: { expr: string }[] }[];
};
const alerts = rules.groups.flatMap((group) => group.rules);
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

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

const promtool = skipIf(!isThere('promtool'), 'promtool is not installed: apt-get install prometheus');

test('promtool accepts the rules and the queries of the dashboard', promtool, () => {
  const file = join(directory, 'queries.yaml');
  const record = queries.map((expr, index) => ({
    record: `dashboard_${index}`,
    expr: expr.replaceAll('$instance', '.*'),
  }));
  writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules: record }] }));
  const said = execFileSync('promtool', ['check', 'rules', join(folder, 'prometheus-rules.yaml'), file]);
  expect(`${said}`).toContain(`SUCCESS: ${alerts.length} rules found`);
  expect(`${said}`).toContain(`SUCCESS: ${queries.length} rules found`);
});

test('each alert fires when it should, and on an ordinary evening none does', promtool, () => {
  const said = execFileSync('promtool', ['test', 'rules', join(folder, 'rules-test.yaml')]);
  expect(`${said}`).toContain('SUCCESS');
});

function isThere(program: string): boolean {
  try {
    return execFileSync(program, ['--version'], { stdio: 'ignore' }) === null;
  } catch {
    return false;
  }
}
