// The launch: from a specification to a sandbox whose payload runs behind one forwarded port. The order
// matters; until the last step the payload is held at the gate.
// Not here: building up to the gate (build.ts), the network's programs, the running sandbox (sandbox/sandbox.ts).
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import { createCgroup, enterCgroup, removeCgroup } from '../cgroups/cgroup.ts';
import { hastenMoves } from '../cgroups/hasten.ts';
import { neededControllers } from '../cgroups/limits.ts';
import { type CgroupPlace, saveCgroupPlace } from '../cgroups/place.ts';
import type { CgroupRoot } from '../cgroups/root.ts';
import { settleInScope } from '../cgroups/scope.ts';
import { announce } from '../enter/announce.ts';
import { whileMountsAreSteady } from '../mounts/steady.ts';
import type { Forward, Forwarder } from '../network/forwarder.ts';
import { readHostResolver } from '../network/host-resolver.ts';
import { type WaysOut, waysOut } from '../network/network.ts';
import { reachesHostLoopback, slirpNetwork } from '../network/policy.ts';
import { type ResolverInside, resolverFiles, resolverInside } from '../network/resolver-inside.ts';
import type { Attached, UplinkRequest } from '../network/uplink.ts';
import type { ForkedChild } from '../preload/fork.ts';
import { forkPayload } from '../preload/fork-payload.ts';
import { lowerPriority } from '../sandbox/priority.ts';
import { type Sandbox, watchSandbox } from '../sandbox/sandbox.ts';
import { awaitExitCode, toExit } from '../sandbox/status.ts';
import { aborted } from '../system/deadline.ts';
import { closeStrayDescriptors } from '../system/inherited-descriptors.ts';
import { bootId, childrenOf, monitorOf, type ProcessIdentity } from '../system/process.ts';
import { createTeardown, type Teardown } from '../system/teardown.ts';
import { makeTemporary, type TemporaryDirectory, type TemporaryRequest } from '../temporary/directory.ts';
import { removeTemporary, removeTemporaryOf, temporaryLink } from '../temporary/removal.ts';
import { buildSandbox, type HeldSandbox, payloadUmask } from './build.ts';
import { type LaunchContext, policyText, type SandboxSpec } from './spec.ts';
import type { SyntheticFile } from './synthetic-file.ts';
import { systemCallFilter } from './system-call-filter.ts';
import { loadPolicy, policyLog } from './wrapper/loader.ts';

/**
 * Starts a sandbox. Throws PortwrapError (TOOL_MISSING, SANDBOX_FAILED, POLICY_FAILED, PORT_TAKEN,
 * PORTS_EXHAUSTED, FORWARD_FAILED, STORAGE_FAILED, PATH_UNAVAILABLE, LIMITS_UNAVAILABLE) or the reason of `abort`, and
 * then leaves nothing behind.
 */
export function launch(context: LaunchContext, spec: SandboxSpec, abort: AbortSignal): Promise<Sandbox> {
  // those of the machine; what a profile names may be on a dead file system
  const files = spec.files.synthetic.map(({ path }) => path).filter((path) => path.startsWith('/etc/'));
  return whileMountsAreSteady((mountinfo) => launchOnce(context, spec, mountinfo, abort), { files });
}

async function launchOnce(
  context: LaunchContext,
  spec: SandboxSpec,
  mountinfo: string,
  abort: AbortSignal,
): Promise<Sandbox> {
  const undo = createTeardown();
  const connecting: Promise<Attached>[] = [];
  try {
    abort.throwIfAborted();
    closeStrayDescriptors();
    mkdirSync(spec.directory, { mode: 0o700 });
    undo.add('sandbox directory', () => rm(spec.directory, { recursive: true, force: true }));
    const temporary = await makeTemporary(context.tools, spec.account, temporaryOf(spec), undo);
    if (temporary !== null) symlinkSync(temporary.path, join(spec.directory, temporaryLink));
    const early = context.cgroups.scope === null ? await makeGroup(context, spec, undo) : null;
    if (early !== null) void hastenMoves();
    const prepared = context.network.forwarder.prepare?.();
    if (prepared !== undefined) undo.add('preparations of the forwarder', prepared.close);
    // undone after the sandbox, whose end ends forwarder and uplink: then the host port is free again
    undo.add('network', async () => {
      for (const attached of await Promise.allSettled(connecting))
        if (attached.status === 'fulfilled') await attached.value.liveness.gone;
    });
    const host = readHostResolver();
    const ways = waysOut(context.network, spec.policy);
    const resolver = resolverInside(host, slirpNetwork, ways.carriesIpv6);
    if (spec.policy.dns && resolver.problem !== null) context.warn?.(resolver.problem);
    const described = withSynthetic(spec, resolverFiles(host, resolver));
    const around = { place: early, mountinfo, resolver, temporary };
    const held = await buildSandbox(context, described, around, undo, abort);
    const cgroup =
      context.cgroups.scope === null ? early : groupIn(settleInScope(held.child.pid), spec, undo);
    // the payload inherits it from the gate; the forwarder serves the hub, and keeps its own
    lowerPriority(monitorAndChild(held.child), spec.limits.nice);
    const entered = cgroup === null ? undefined : enterCgroup(cgroup, monitorAndChild(held.child));
    // the payload waits until it is in the group, else its first forks would not be accounted; failing this is fatal
    // only with limits
    const mustBeIn = needsGroup(context, spec);
    const counted = mustBeIn ? entered : entered?.catch(() => {});
    const forking = forked(spec, held, cgroup, counted);
    undo.add('forked child', async () => (await forking)?.cancel());
    const request = uplinkRequest(spec, held, resolver);
    // in this order: nft and the uplink take longest, and each fork stops this process for milliseconds
    const applied = applyPolicy(context, spec, held, resolver);
    const uplinking = ways.uplink?.attach(request) ?? null;
    const forwarding = attachForwarder(prepared ?? context.network.forwarder, request, spec, ways);
    connecting.push(forwarding, ...(uplinking === null ? [] : [uplinking]));
    // they are accounted to the server whose packets they handle; if they cannot be moved, they stay in our group
    for (const attaching of connecting)
      if (cgroup !== null) attaching.then(({ pids }) => enterCgroup(cgroup, pids)).catch(() => {});
    const ended = held.life.gone.then(() =>
      Promise.reject(new PortwrapError('SANDBOX_FAILED', 'the sandbox ended while it was set up')),
    );
    const [[forwarder, uplink], payload] = await Promise.race([
      Promise.all([connected(forwarding, uplinking, applied), forking, counted]),
      ended,
      aborted(abort),
    ]);
    if (payload !== null) await Promise.race([held.adopt(payload.pid), ended, aborted(abort)]);
    // do not await anything between here and the payload's start: an abort in between would be lost
    const network = { forwarder, uplink, ways };
    if (spec.lifetime === 'foreground') {
      undo.add('announcement', announceForeground(spec, held, forwarder, cgroup));
      rmSync(spec.directory, { recursive: true });
    }
    const sandbox = handOver(context, spec, { held, network, cgroup, temporary, resolver });
    if (payload === null) held.release();
    else payload.go();
    undo.release();
    return sandbox;
  } catch (error) {
    return undo.fail(error);
  }
}

/** For `portwrap enter`, while this process lives. */
function announceForeground(
  { directory, limits, ...spec }: SandboxSpec,
  { child }: HeldSandbox,
  { hostPort }: Forward,
  cgroup: CgroupPlace | null,
): () => void {
  const filter = systemCallFilter({ families: spec.socketFamilies, terminal: true }).toString('hex');
  const limited = neededControllers(limits).length > 0;
  return announce(directory, { child, hostPort, filter, cgroup, limited });
}

function temporaryOf({ directory, files }: SandboxSpec): TemporaryRequest {
  const paths = files.mounts.filter(({ kind }) => kind === 'temporary').map(({ path }) => path);
  return { paths, storage: files.temporaryIn, bytes: files.temporaryBytes, workspace: directory };
}

/**
 * When another launcher ends, it removes the empty parent of all groups: then the parent is created again. Without
 * limits a failure is ignored; the sandbox then has no group, and its usage is unknown.
 */
async function makeGroup(
  context: LaunchContext,
  spec: SandboxSpec,
  undo: Teardown,
): Promise<CgroupPlace | null> {
  for (let tries = 1; ; tries += 1) {
    try {
      return groupIn(await context.cgroups.root(), spec, undo);
    } catch (error) {
      const cause = error instanceof PortwrapError ? error.cause : null;
      if (tries < mostTries && (cause as NodeJS.ErrnoException | null)?.code === 'ENOENT') continue;
      if (!needsGroup(context, spec)) return null;
      throw error;
    }
  }
}

const mostTries = 5;

function needsGroup({ cgroups }: LaunchContext, { limits }: SandboxSpec): boolean {
  return neededControllers(limits).length > 0 || (cgroups.isRequired?.() ?? false);
}

function groupIn(root: CgroupRoot, spec: SandboxSpec, undo: Teardown): CgroupPlace | null {
  const save = (place: CgroupPlace) => saveCgroupPlace(spec.directory, place);
  const place = createCgroup(root, basename(spec.directory), spec.limits, save);
  if (place !== null) undo.add('control group', () => removeCgroup(place));
  return place;
}

/** The payload, if it can be forked; null: it is a command. */
function forked(
  { preload, ...spec }: SandboxSpec,
  { child }: HeldSandbox,
  cgroup: CgroupPlace | null,
  entered: Promise<unknown> | undefined,
): Promise<ForkedChild | null> {
  if (!preload) return Promise.resolve(null);
  return forkPayload(preload, {
    ...{ child, cgroup, nice: spec.limits.nice, entered: entered ?? Promise.resolve() },
    filter: systemCallFilter({ families: spec.socketFamilies, terminal: false }),
    payload: {
      environment: { ...spec.environment, PWD: spec.workingDirectory }, // as bubblewrap sets it
      directory: spec.workingDirectory,
      umask: Number.parseInt(spec.umask ?? payloadUmask, 8),
      open_files: spec.limits.openFiles,
      command: spec.command,
    },
  });
}

/** A file that is hidden stays so: ours would be mounted over what hides it, such as names in /etc/hosts. */
function withSynthetic(spec: SandboxSpec, files: readonly SyntheticFile[]): SandboxSpec {
  const { mounts, synthetic } = spec.files;
  const hidden = new Set(mounts.filter(({ kind }) => kind === 'hidden-file').map(({ path }) => path));
  const shown = [...files, ...synthetic].filter(({ path }) => !hidden.has(path));
  return { ...spec, files: { ...spec.files, synthetic: shown } };
}

function attachForwarder(
  forwarder: Pick<Forwarder, 'attach'>,
  request: UplinkRequest,
  spec: SandboxSpec,
  { routes }: WaysOut,
): Promise<Forward> {
  return forwarder.attach({
    ...request,
    hostAddress: spec.hostAddress,
    hostPorts: spec.hostPorts,
    guestPort: spec.guestPort,
    routes,
    messages: spec.stdio[2],
  });
}

function uplinkRequest(
  { directory, policy }: SandboxSpec,
  { child, life }: HeldSandbox,
  resolver: ResolverInside,
): UplinkRequest {
  return {
    ...{ child: child.pid, life, directory },
    hostLoopback: reachesHostLoopback(policy),
    dns: policy.dns,
    ipv6: policy.dns && resolver.ipv6,
  };
}

/** Awaits policy, forward and uplink concurrently: they are independent, and the payload waits for all. */
async function connected(
  forwarding: Promise<Forward>,
  uplinking: Promise<Attached> | null,
  applied: Promise<void>,
): Promise<[Forward, Attached | null]> {
  const [forwarder, uplink, policy] = await Promise.allSettled([forwarding, uplinking, applied]);
  if (forwarder.status === 'rejected') throw forwarder.reason;
  if (uplink.status === 'rejected') throw uplink.reason;
  if (policy.status === 'rejected') throw policy.reason;
  return [forwarder.value, uplink.value];
}

/** As root, loads the rules from outside. An unprivileged gate has loaded them before its message. */
async function applyPolicy(
  context: LaunchContext,
  spec: SandboxSpec,
  held: HeldSandbox,
  resolver: ResolverInside,
): Promise<void> {
  if (held.policy === null) return;
  const rules = policyText(context, spec, resolver);
  await loadPolicy(held.policy, held.child.pid, rules, join(spec.directory, policyLog));
}

interface Launched {
  readonly held: HeldSandbox;
  readonly network: { readonly forwarder: Forward; readonly uplink: Attached | null; readonly ways: WaysOut };
  readonly cgroup: CgroupPlace | null;
  readonly temporary: TemporaryDirectory | null;
  readonly resolver: ResolverInside;
}

function handOver(
  context: LaunchContext,
  spec: SandboxSpec,
  { held, network, cgroup, temporary, resolver }: Launched,
): Sandbox {
  const { forwarder, uplink, ways } = network;
  const record = {
    directory: spec.directory,
    bootId: bootId(),
    child: held.child,
    forwarder: forwarder.process,
    forwarderName: context.network.forwarder.name,
    uplink: uplink?.process ?? null,
    uplinkName: ways.uplink?.name ?? null,
    hostAddress: spec.hostAddress,
    hostPort: forwarder.hostPort,
    guestPort: spec.guestPort,
    hostLoopback: reachesHostLoopback(spec.policy),
    dns: spec.policy.dns,
    ipv6: spec.policy.dns && resolver.ipv6,
    routes: ways.routes,
    cgroup,
  };
  return watchSandbox(
    context,
    record,
    held.life,
    { forwarder, uplink },
    async () => {
      if (spec.lifetime === 'foreground') {
        // a command leaves nothing behind
        if (temporary !== null) await removeTemporary(context.tools, temporary.path);
        return toExit((await held.starter.exited).code);
      }
      void removeTemporaryOf(context.tools, spec.directory);
      return toExit(await awaitExitCode(spec.directory));
    },
    held.leaveScope,
  );
}

/** Their later children inherit the group; while the payload is held they have started none. */
function monitorAndChild(child: ProcessIdentity): number[] {
  const monitor = monitorOf(child);
  // at this point the gate is the only process below pid 1
  return [...(monitor === null ? [] : [monitor.pid]), child.pid, ...childrenOf(child.pid)];
}
