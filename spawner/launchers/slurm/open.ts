// Assembles the slurm launcher from its parts. Not here: the parts.

import { fileURLToPath } from 'node:url';
import { PortwrapError } from '../../../config/errors.ts';
import type { Config } from '../../../config/load.ts';
import { debuggerNowhere } from '../../../config/system/no-debugger.ts';
import type { JobUsageSource } from '../../usage/job-readings.ts';
import type { Launcher } from '../launcher.ts';
import { createSlurmLauncher, type SlurmLauncherInput } from './launcher.ts';
import { createReports, type Reports } from './reports/reports.ts';
import { createAccounting } from './scheduler/accounting.ts';
import { createSlurmCommands, type SlurmCommandsInput } from './scheduler/commands.ts';
import { createQueueWatch } from './scheduler/queue-watch.ts';
import { samplesUsage } from './scheduler/sstat.ts';

export interface Slurm {
  readonly launcher: Launcher;
  /** The handler for requests at slurm.report_listen. */
  readonly reports: Reports['listener'];
  /** What its jobs use. */
  readonly jobUsage: JobUsageSource;
  close(): void;
}

type Given = 'slurm' | 'hostPorts' | 'accounts' | 'state' | 'meter' | 'log';

export interface SlurmInput extends Pick<SlurmLauncherInput, Given> {
  readonly tools: SlurmCommandsInput['tools'];
  /** Whether the records of an earlier service have been read. */
  readonly isReady: () => boolean;
}

export function openSlurm(input: SlurmInput): Slurm {
  const { slurm, tools, state, meter, isReady } = input;
  const commands = createSlurmCommands({ slurm, tools, counted: meter.schedulerCall });
  const queue = createQueueWatch(commands, slurm.interval * 1000);
  const reports = createReports(state.reportKey, isReady);
  const reportUrl = reportUrlOf(slurm);
  const launcher = createSlurmLauncher({
    ...input,
    ...{ commands, queue, reports },
    accounting: createAccounting(commands, input.log),
    reportUrl: reportUrl ?? '',
    portwrap: slurm.portwrap ?? ownPortwrap(),
  });
  return {
    // without a URL, servers of an earlier configuration are still adopted and ended, but none is started
    launcher: reportUrl === null ? { ...launcher, start: refuse } : launcher,
    reports: reports.listener,
    jobUsage: {
      usage: (ids) => commands.usage(ids),
      samplesUsage: async () => samplesUsage(await commands.settings()),
    },
    close: () => queue.close(),
  };
}

/** The URL for reports of the nodes; null: none. */
export function reportUrlOf({ report_url, report_listen }: Config['slurm']): string | null {
  if (report_listen === null || report_listen.kind === 'unix') return null;
  const { host, port } = report_listen;
  return report_url ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The command of this installation, for nodes that share the file system. */
export function ownPortwrap(): string[] {
  const main = fileURLToPath(new URL('../../../portwrap/main.js', import.meta.url));
  return [process.execPath, debuggerNowhere, main];
}

async function refuse(): Promise<never> {
  throw new PortwrapError(
    'CONFIG_INVALID',
    'slurm.report_listen is not set, or needs a restart: jobs could not report',
  );
}
