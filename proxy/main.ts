#!/usr/bin/env -S node --inspect-port=192.0.2.1:0 --max-semi-space-size=16
// portwrap-proxy: the proxy as a process. Reads argv and the environment, starts, and ends on a signal. The first line gives
// V8's young generation the bound of Node 20, in MB: that of Node 24 costs memory for no less work (bench/RESULTS.md).
// Not here: everything else (proxy.ts).
import '../config/system/no-debugger.ts';
import cluster from 'node:cluster';
import { rm } from 'node:fs/promises';
import { PortwrapError, toPortwrapError } from '../config/errors.ts';
import type { Logger } from '../config/logger.ts';
import { packageVersion } from '../config/system/package.ts';
import { type ProxyOptions, type ProxyRequest, readCommandLine } from './cli/options.ts';
import { portwrapProxy } from './cli/program.ts';
import { writePidFile } from './pid-file.ts';
import { startProxy } from './proxy.ts';
import { createLineLogger } from './telemetry/log-lines.ts';
import { writeStandardOutput } from './telemetry/standard-output.ts';
import type { FromWorker, ToWorker } from './workers/messages.ts';
import { runWorker } from './workers/worker.ts';

try {
  // what a service manager handed over was for the first process, which shares it with its workers
  const pid = cluster.isWorker ? process.ppid : process.pid;
  await answer(readCommandLine(process.argv.slice(2), process.env, pid));
} catch (thrown) {
  const error = toPortwrapError(thrown);
  process.stderr.write(`portwrap-proxy: ${error.message}\n  ${error.hint}\n`);
  if (!(thrown instanceof PortwrapError) && thrown instanceof Error)
    process.stderr.write(`${thrown.stack}\n`);
  // configurable-http-proxy's status for a wrong command line.
  process.exit(error.code === 'USAGE' ? 1 : error.exit);
}

async function answer(request: ProxyRequest): Promise<void> {
  switch (request.kind) {
    case 'help': {
      const { helpText } = await import('../config/command-line/help.ts');
      process.stdout.write(helpText(portwrapProxy));
      return;
    }
    case 'completion': {
      const { completionScript } = await import('../config/command-line/completion.ts');
      process.stdout.write(completionScript(portwrapProxy, request.shell));
      return;
    }
    case 'version':
      process.stdout.write(`${packageVersion()}\n`);
      return;
    case 'run':
      await (cluster.isWorker ? work(request.options) : run(request.options));
  }
}

async function run(options: ProxyOptions): Promise<void> {
  const log = standardOutput(options);
  const starting = startProxy(options, log);
  const end = async (): Promise<void> => {
    await (await starting).close();
    if (options.pidFile !== undefined) await rm(options.pidFile, { force: true });
    // The status that configurable-http-proxy ends with on a signal.
    process.exit(2);
  };
  let ending = false;
  const onSignal = async (reason: string): Promise<void> => {
    log.warn(reason);
    if (!ending && options.drainTime > 0) {
      ending = true;
      await (await starting).drain(options.drainTime);
    }
    await end();
  };
  process.on('SIGTERM', () => onSignal('Terminated'));
  process.on('SIGINT', () => onSignal('Interrupted'));
  process.on('SIGUSR2', async () => (await starting).renew());
  process.on('SIGHUP', async () => {
    log.info('SIGHUP: reading keys and certificates again, and opening log files again');
    await (await starting).reload();
  });
  await starting;
  if (options.pidFile !== undefined) await writePidFile(options.pidFile, log);
}

/** The signals of a terminal reach the workers too: their primary decides. Without it they end (node:cluster). */
function work(options: ProxyOptions): void {
  process.on('SIGTERM', () => undefined);
  process.on('SIGINT', () => undefined);
  process.on('SIGUSR2', () => undefined);
  process.on('SIGHUP', () => undefined);
  const channel = {
    send: (message: FromWorker) => {
      if (process.connected) process.send?.(message, () => undefined);
    },
    onMessage: (handler: (message: ToWorker) => void) => {
      process.on('message', (message) => handler(message as ToWorker));
    },
  };
  runWorker(options, channel, standardOutput(options));
}

function standardOutput(options: ProxyOptions): Logger {
  return createLineLogger(options.logLevel, writeStandardOutput, process.stdout.isTTY === true);
}
