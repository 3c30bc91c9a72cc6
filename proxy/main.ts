#!/usr/bin/env node
// portwrap-proxy: the proxy as a process. Reads argv and the environment, starts, and ends on a signal.
// Not here: everything else (proxy.ts).
import { rm, writeFile } from 'node:fs/promises';
import { PortwrapError, toPortwrapError } from '../config/errors.ts';
import { helpText } from './flags.ts';
import { createLineLogger } from './logLines.ts';
import { type ProxyOptions, readOptions } from './options.ts';
import { startProxy } from './proxy.ts';
import { version } from './version.ts';

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === 'help') process.stdout.write(helpText());
  else if (options === 'version') process.stdout.write(`${version}\n`);
  else await run(options);
} catch (thrown) {
  const error = toPortwrapError(thrown);
  process.stderr.write(`portwrap-proxy: ${error.message}\n  ${error.hint}\n`);
  if (!(thrown instanceof PortwrapError) && thrown instanceof Error)
    process.stderr.write(`${thrown.stack}\n`);
  // configurable-http-proxy's status for a wrong command line.
  process.exit(error.code === 'USAGE' ? 1 : error.exit);
}

async function run(options: ProxyOptions): Promise<void> {
  const log = createLineLogger(
    options.logLevel,
    (line) => process.stdout.write(line),
    process.stdout.isTTY === true,
  );
  // A reader that goes away (a hub that restarts) must not take the proxy with it.
  process.stdout.on('error', () => undefined);
  const proxy = await startProxy(options, log);
  if (options.pidFile !== undefined) await writeFile(options.pidFile, `${process.pid}`);
  const end = async (): Promise<void> => {
    await proxy.close();
    if (options.pidFile !== undefined) await rm(options.pidFile, { force: true });
    // The status that configurable-http-proxy ends with on a signal.
    process.exit(2);
  };
  let ending = false;
  const onSignal = async (reason: string): Promise<void> => {
    log.warn(reason);
    if (!ending && options.drainTime > 0) {
      ending = true;
      await proxy.drain(options.drainTime);
    }
    await end();
  };
  process.on('SIGTERM', () => onSignal('Terminated'));
  process.on('SIGINT', () => onSignal('Interrupted'));
}
