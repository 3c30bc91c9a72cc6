// The doctor of the slurm launcher: checks everything from Slurm's commands to a job on a node and its report, each
// finding with its remedy. Not here: the checks on the node (portwrap/job/probe.ts).
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { toPortwrapError } from '../../../../config/errors.ts';
import type { ConfigFile, Profile } from '../../../../config/load.ts';
import { readBody } from '../../../../config/system/bounded-body.ts';
import { isSameSecret } from '../../../../config/system/same-secret.ts';
import {
  type Check,
  failed,
  isLoopback,
  jobSpecVersion,
  type NodeFindings,
  ok,
  type Toolbox,
  warning,
} from '../../../../portwrap/index.ts';
import type { RunAs } from '../../accounts.ts';
import { batchVariables } from '../batch-variables.ts';
import { jobScript } from '../job-script.ts';
import { ownPortwrap, reportUrlOf } from '../open.ts';
import { sbatchArgv } from '../sbatch-argv.ts';
import { createSlurmCommands, type SlurmCommands } from '../scheduler/commands.ts';
import { phaseOf } from '../scheduler/job-state.ts';
import { checkSettings } from './settings.ts';

export interface ClusterDoctorContext {
  readonly config: ConfigFile;
  readonly profile: Profile;
  /** The account of the probe job. */
  readonly runAs: RunAs;
  readonly tools: Toolbox;
}

/** Milliseconds for a probe job, including its time in the queue. */
const patience = 120_000;
const mostSkew = 5_000;
/** Bytes in the job's report on its node. */
const mostFindings = 1_048_576;

/** Runs every check in order; stops after a failure that the later ones depend on. */
export async function collectClusterChecks(context: ClusterDoctorContext): Promise<Check[]> {
  const { slurm } = context.config;
  const commands = createSlurmCommands({ slurm, tools: context.tools, counted: () => {} });
  const checks = [await checkQueue(commands), ...checkAddresses(context)];
  if (checks.some(({ status }) => status === 'failed')) return checks;
  const settings = await commands.settings().catch(() => null); // reported above, when Slurm does not respond
  const ofSettings = settings === null ? [] : checkSettings(settings, slurm.interval);
  return [...checks, ...ofSettings, ...(await checkNode(context, commands))];
}

async function checkQueue(commands: SlurmCommands): Promise<Check> {
  const began = performance.now();
  try {
    const queue = await commands.queue();
    const took = Math.round(performance.now() - began);
    return ok('scheduler', `squeue lists ${queue.jobs.length} jobs in ${took} ms`);
  } catch (error) {
    const { message, hint } = toPortwrapError(error);
    return failed(
      'scheduler',
      message,
      'No job can be submitted, and the state of running jobs is unknown.',
      hint,
    );
  }
}

function checkAddresses({ config: { slurm, hubs }, profile }: ClusterDoctorContext): Check[] {
  const host = new URL(reportUrlOf(slurm) ?? 'http://127.0.0.1').hostname;
  const checks = [
    isLoopback(host)
      ? warning(
          'report address',
          `jobs report to ${host}`,
          'Only this machine itself can reach that address.',
          'Set "slurm.report_listen" to an address of this machine in the network of the nodes.',
        )
      : ok('report address', `jobs report to ${reportUrlOf(slurm)}`),
  ];
  if (!profile.network.hub) return checks;
  const lost = hubs.filter(({ api_url }) => /^(?:127\.|localhost$|\[::1\])/.test(new URL(api_url).hostname));
  return [
    ...checks,
    ...lost.map(({ name, api_url }) =>
      warning(
        'hub address',
        `the hub "${name}" is at ${api_url}`,
        'On a node that address is the node itself.',
        'Let the hub listen in the network of the nodes (c.JupyterHub.hub_ip), and set "api_url" accordingly.',
      ),
    ),
  ];
}

async function checkNode(
  { config, profile, runAs }: ClusterDoctorContext,
  commands: SlurmCommands,
): Promise<Check[]> {
  const { slurm } = config;
  const reports = await openReportListener(slurm);
  const spec = {
    version: jobSpecVersion,
    report: { url: reports.url, secret: reports.secret, heartbeat: 60_000 },
    probe: {
      ...{
        network: { forwarder: profile.forwarder, uplink: profile.uplink },
        reach: { internet: profile.network.internet, dns: profile.network.dns, hosts: [] },
        serviceUrl: reports.serviceUrl,
      },
      nodeVariable: batchVariables.node,
    },
  } as const;
  const argv = sbatchArgv({ name: 'portwrap-doctor', job: profile.slurm, chosen: {}, home: runAs.home });
  let id: string | null = null;
  try {
    const script = jobScript(slurm.portwrap ?? ownPortwrap(), spec);
    const job = await commands.submit(argv, script, runAs.account);
    id = job;
    const outcome = await Promise.race([reports.findings, untilEnded(commands, job, reports.closed)]);
    if (typeof outcome === 'string') return [submitted(job), noReport(outcome, reports.url)];
    return [submitted(job), ...evaluateFindings(outcome, Date.now(), reports.serviceUrl)];
  } catch (error) {
    const { message, hint } = toPortwrapError(error);
    return [failed('submission', message, 'No server of this profile can be started.', hint)];
  } finally {
    reports.close();
    if (id !== null) await commands.cancel(id).catch(() => {});
  }
}

function submitted(id: string): Check {
  return ok('submission', `Slurm accepted the job ${id}`);
}

function noReport(outcome: string, url: string): Check {
  return failed(
    'probe job',
    outcome,
    `No report arrived at ${url}: servers could not become ready.`,
    'Check that "slurm.portwrap" exists on the nodes, with Node 20.19 or newer, and that no firewall blocks the report address.',
  );
}

/** Resolves with the fate of a job that ended, or stays in the queue, without having reported. */
async function untilEnded(commands: SlurmCommands, id: string, closed: AbortSignal): Promise<string> {
  const late = Date.now() + patience;
  let last = 'was not listed by squeue';
  while (Date.now() < late) {
    await pause(1_000, undefined, { signal: closed });
    const queue = await commands.queue().catch(() => null);
    const entry = queue?.jobs.find((job) => job.id === id);
    if (entry === undefined) continue;
    last = `is ${entry.state} (${entry.reason})${entry.node === null ? '' : ` on ${entry.node}`}`;
    if (phaseOf(entry.state) !== 'ended') continue;
    await pause(1_000, undefined, { signal: closed }); // its report may still arrive
    const exit = await commands.exitOf(id).catch(() => null);
    return `the job ${id} ${last}${exit === null ? '' : `, exit code ${exit.code}`}`;
  }
  return `after ${patience / 1000} s the job ${id} ${last}`;
}

function evaluateFindings(
  { node, checks, service, clock }: NodeFindings,
  now: number,
  serviceUrl: string | null,
): Check[] {
  const skew = Math.abs(now - clock);
  return [
    ok('report back', `${node} reached this machine`),
    ...(serviceUrl === null ? [] : [evaluateService(node, service, serviceUrl)]),
    skew <= mostSkew
      ? ok('clock', `${node} and this machine differ by ${skew} ms`)
      : failed(
          'clock',
          `${node} and this machine differ by ${Math.round(skew / 1000)} s`,
          'munge rejects credentials from another time, and time limits are shown wrongly.',
          'Run a time service, such as chrony, on all machines.',
        ),
    ...checks.map((check) => ({ ...check, name: `${node}: ${check.name}` })),
  ];
}

function evaluateService(node: string, status: number | null, url: string): Check {
  if (status === 401) return ok('service', `${node} reaches the service at ${new URL(url).origin}`);
  const what = status === null ? `${node} got no response` : `${node} got HTTP ${status}`;
  const fix = 'Correct "slurm.report_listen" or "slurm.report_url", and let nodes through to it.';
  return failed(
    'service',
    `${what} at ${url}`,
    'Jobs could not report, so no server would become ready.',
    fix,
  );
}

interface ReportListener {
  readonly url: string;
  readonly secret: string;
  /** The URL at which the service itself receives reports when it runs. */
  readonly serviceUrl: string | null;
  readonly findings: Promise<NodeFindings>;
  readonly closed: AbortSignal;
  close(): void;
}

/** At the service's own address if the service is down; otherwise on any free port. */
async function openReportListener(slurm: ConfigFile['slurm']): Promise<ReportListener> {
  const secret = randomBytes(32).toString('hex');
  let take: (findings: NodeFindings) => void = () => {};
  const findings = new Promise<NodeFindings>((resolve) => {
    take = resolve;
  });
  const server = createServer((request, response) => {
    if (!isSameSecret(request.headers.authorization ?? '', `Bearer ${secret}`)) {
      response.writeHead(401).end();
      return;
    }
    readBody(request, mostFindings)
      .then((body) => JSON.parse(body?.toString('utf8') ?? '') as NodeFindings) // from our own job
      .then(
        (found) => {
          response.writeHead(204).end();
          take(found);
        },
        () => response.writeHead(400).end(),
      );
  });
  const { report_listen: address } = slurm;
  const { host, port } = address?.kind === 'tcp' ? address : { host: '127.0.0.1', port: 0 };
  const isOwn = await tryListen(server, host, port);
  if (!isOwn) await tryListen(server, host, 0);
  const bound = (server.address() as AddressInfo).port;
  const configured = reportUrlOf(slurm) ?? '';
  const closing = new AbortController();
  return {
    url: isOwn ? `${configured}/doctor` : `http://${host}:${bound}/doctor`,
    secret,
    serviceUrl: isOwn ? null : `${configured}/jobs/000000000000`,
    findings,
    closed: closing.signal,
    close() {
      closing.abort();
      server.close();
      server.closeAllConnections();
    },
  };
}

async function tryListen(server: Server, host: string, port: number): Promise<boolean> {
  const listening = once(server, 'listening').then(() => true);
  server.listen(port, host);
  return Promise.race([listening, once(server, 'error').then(() => false)]).catch(() => false);
}
