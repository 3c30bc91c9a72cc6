// The `local` launcher: a server as a sandbox on this machine. Not here: building one (portwrap/).
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import type { Config } from '../../config/load.ts';
import {
  adoptSandbox,
  answered,
  createNetwork,
  destroySandbox,
  forwarderNames,
  isSameProcess,
  isSandboxAlive,
  killIfDebugged,
  type LaunchContext,
  launch,
  lookAs,
  type NetworkChoice,
  removeSandboxFiles,
  type Sandbox,
  type SandboxRecord,
  unlessAborted,
  uplinkNames,
} from '../../portwrap/index.ts';
import { logFileOf } from '../logs/files.ts';
import type { ForkServers } from '../preload/fork-servers.ts';
import type { Meter } from '../records/meter.ts';
import { noPlacement } from '../records/record.ts';
import type { StateDirectory } from '../records/state-directory.ts';
import type { Accounts } from './accounts.ts';
import type { ControlGroups } from './control-groups.ts';
import type { Launcher, LaunchSteps, RunningServer } from './launcher.ts';
import { missingDirectory } from './missing-directory.ts';
import type { Ports } from './ports.ts';
import { sandboxSpec } from './sandbox-spec.ts';

export interface LocalLauncherInput {
  readonly hostAddress: Config['ports']['host_address'];
  readonly privateFiles: () => Config['private_files'];
  readonly gpus: () => Config['gpus'];
  /** Without the network, which every profile chooses. */
  readonly context: Omit<LaunchContext, 'network'>;
  readonly cgroups: Pick<ControlGroups, 'leave'>;
  readonly accounts: Accounts;
  readonly state: StateDirectory;
  readonly ports: Ports;
  readonly meter: Meter;
  readonly forkServers: Pick<ForkServers, 'request'>;
}

export function createLocalLauncher(input: LocalLauncherInput): Launcher {
  const { state, ports, meter } = input;
  const directoryOf = (id: string) => join(state.sandboxes, id);
  const contextFor = (choice: NetworkChoice, report: LaunchSteps['networkChanged']): LaunchContext => ({
    ...input.context,
    network: createNetwork(choice, input.context.tools, input.context.asRoot),
    report,
  });
  return {
    givesCertificates: true,
    async start({ hub, profile, request, record }, abort, { report, networkChanged }) {
      report({ progress: 5, message: `Starting ${profile.title}` });
      const runAs = await input.accounts.resolve(record.user);
      const log = openSync(logFileOf(state, record.id), 'a', 0o600);
      try {
        const warn = (message: string) => report({ progress: 25, message });
        const context = { ...contextFor(profile, networkChanged), warn };
        const look = lookAs(context.tools, runAs.account);
        const described = sandboxSpec({
          ...{ request, hub, profile, runAs, log, user: record.user },
          look,
          directory: directoryOf(record.id),
          stateDirectory: state.path,
          privateFiles: input.privateFiles(),
          gpus: input.gpus(),
          granted: record.gpus,
          hostAddress: input.hostAddress,
          hostPorts: ports.candidates(),
        });
        const spec = await unlessAborted(described, abort);
        report({ progress: 20, message: 'Building the sandbox' });
        const preload = input.forkServers.request(profile, spec.command, request.env);
        const launched = launch(context, { ...spec, preload }, abort).catch(async (error: unknown) => {
          throw await missingDirectory(error, spec, runAs, look);
        });
        return runningServer(await launched, input);
      } finally {
        closeSync(log);
      }
    },
    async adopt(record, _abort, { networkChanged }) {
      if (record.sandbox === null) {
        await destroySandbox(input.context.tools, directoryOf(record.id));
        meter.adopted('gone');
        const message = 'the service was restarted while this server was being started';
        throw new PortwrapError('SPAWN_CANCELLED', message, { hint: 'Start it again.' });
      }
      const found = adoptSandbox(contextFor(choiceOf(record.sandbox), networkChanged), record.sandbox);
      meter.adopted(found.kind === 'running' ? 'alive' : 'gone');
      if (found.kind === 'gone') return found;
      return { kind: 'running', server: runningServer(found.sandbox, input) };
    },
    clean: ({ id }) => removeSandboxFiles(input.context.tools, directoryOf(id)),
  };
}

/** Its host port is leased from now until it has been stopped. */
function runningServer(sandbox: Sandbox, { ports, cgroups }: LocalLauncherInput): RunningServer {
  const { hostAddress: host, hostPort: port, child } = sandbox.record;
  ports.lease(port);
  const lost = forwarderLost(sandbox);
  lost.catch(() => {}); // it may be lost before anybody waits for that
  void killIfDebugged(sandbox);
  return {
    get place() {
      return { ...noPlacement, sandbox: sandbox.record };
    },
    ...{ host, port },
    exited: sandbox.exited,
    verdict: null,
    lost,
    answered: ({ ready_path: path, certificate }, abort) =>
      answered({ host, port, child: child.pid, path, certificate }, abort),
    async stop(grace) {
      const exit = await sandbox.stop(grace);
      ports.release(port);
      if (sandbox.record.cgroup !== null) cgroups.leave(sandbox.record.cgroup);
      return exit;
    },
    leave: () => sandbox.leave(),
  };
}

/** At an ordinary end the forwarder goes after its sandbox, and nothing is lost. */
async function forwarderLost(sandbox: Sandbox): Promise<never> {
  await sandbox.forwarderGone;
  // by its pid too: its directory may be gone with the file system of the state directory
  if (isSandboxAlive(sandbox.record.directory) || isSameProcess(sandbox.record.child)) {
    throw new PortwrapError('FORWARD_FAILED', 'the forwarder of the server ended, so nobody can reach it');
  }
  return new Promise(() => {});
}

/** What a sandbox was started with; a kind that is not known any more is attached again as the default. */
function choiceOf({ forwarderName, uplinkName }: SandboxRecord): NetworkChoice {
  return {
    forwarder: forwarderNames.find((known) => known === forwarderName) ?? null,
    uplink: uplinkNames.find((known) => known === uplinkName) ?? null,
  };
}
