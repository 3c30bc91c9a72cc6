// Starts a real proxy in this process on free ports, for one test, and ends it with the test. A test that
// leaves connections behind fails.
import { beforeEach, describe, expect, onTestFinished } from 'vitest';
import { type ProxyOptions, readCommandLine } from '../../../../proxy/cli/options.ts';
import { type RunningProxy, startProxy } from '../../../../proxy/proxy.ts';
import type { Boot } from '../../../../proxy/routes/boot.ts';
import { createLineLogger } from '../../../../proxy/telemetry/log-lines.ts';

export interface StartedProxy extends RunningProxy {
  readonly url: string;
  /** Everything that was logged. */
  readonly log: string[];
  addRoute(path: string, target: string, more?: Record<string, unknown>): void;
  lastActivity(path: string): number;
}

export async function startedProxy(
  argv: readonly string[] = [],
  overrides: Partial<ProxyOptions> = {},
  clock?: () => number,
  boot?: Boot,
): Promise<StartedProxy> {
  const read = readCommandLine(
    ['--ip', '127.0.0.1', '--api-ip', '127.0.0.1', '--log-level', 'debug', '--engine', engineNow, ...argv],
    {
      CONFIGPROXY_AUTH_TOKEN: 'secret',
    },
  );
  if (read.kind !== 'run') throw new Error(`options say ${read.kind}`);
  const given = read.options;
  const options = {
    ...given,
    listen: 'port' in given.listen ? { ...given.listen, port: 0 } : given.listen,
    api: 'port' in given.api ? { ...given.api, port: 0 } : given.api,
    ...overrides,
  };
  const lines: string[] = [];
  const log = createLineLogger('debug', (line) => lines.push(line));
  const proxy = await startProxy(options, log, clock, boot);
  onTestFinished(async () => {
    await proxy.close();
    await expect
      .poll(() => proxy.engine.count(), { timeout: 5000 })
      .toEqual({ opening: 0, idle: 0, active: 0, upgraded: 0 });
  });
  return {
    ...proxy,
    url: `http://127.0.0.1:${proxy.port}`,
    log: lines,
    addRoute: (path, target, more = {}) => proxy.table.add(path, { target, ...more }),
    lastActivity: (path) => proxy.table.get(path)?.lastActivity ?? Number.NaN,
  };
}

export type EngineName = ProxyOptions['engine'];

let engineNow: EngineName = 'relay';

/** Declares the same tests for both engines. Where the library does otherwise, a test says so with failsIf. */
export function forEachEngine(declare: (engine: EngineName) => void): void {
  describe.each<EngineName>(['relay', 'http-proxy'])('engine %s', (engine) => {
    beforeEach(() => {
      engineNow = engine;
      return () => {
        engineNow = 'relay';
      };
    });
    declare(engine);
  });
}
