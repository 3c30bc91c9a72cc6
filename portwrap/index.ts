// The public face of portwrap/: what the spawner service and the CLI use.

export { readCgroupLimits, readUsage, removeCgroup, type Usage, type UsageLimits } from './cgroups/cgroup.ts';
export { type Limits, neededControllers, noLimits, type TotalLimits } from './cgroups/limits.ts';
export type { CgroupPlace } from './cgroups/place.ts';
export { type CgroupRoot, type Cgroups, noCgroups, openCgroups } from './cgroups/root.ts';
export { openServersScope } from './cgroups/servers-scope.ts';
export { applyTotal } from './cgroups/total.ts';
export { type CgroupWay, cgroupSurroundings, findCgroupWay } from './cgroups/way.ts';
export { type Check, failed, ok, warning } from './doctor/check.ts';
export { type DoctorRequest, doctorExit, runDoctor } from './doctor/doctor.ts';
export { explainFailure } from './doctor/explain.ts';
export { renderDoctor } from './doctor/render.ts';
export {
  type DoorGreeting,
  type DoorRequest,
  type DoorResponse,
  doorsDirectory,
  type ServerBehindDoor,
} from './enter/door.ts';
export { type EnterTarget, enterSandbox } from './enter/enter.ts';
export { settleInside } from './enter/settle.ts';
export {
  type JobSpec,
  jobSpecVersion,
  type NodeFindings,
  type ProbeSpec,
  type Report,
} from './job/protocol.ts';
export { type FileView, type FileViewRequest, fileView } from './launch/file-view.ts';
export { substituteGuestPort } from './launch/guest-port.ts';
export { launch } from './launch/launch.ts';
export type { LaunchContext, SandboxSpec } from './launch/spec.ts';
export type { SyntheticFile } from './launch/synthetic-file.ts';
export { filterFile, ordinaryFamilies, type SocketFamily } from './launch/system-call-filter.ts';
export { isForwardProgramThere } from './network/builtin/program.ts';
export { type Relay, type RelayRequest, startRelay } from './network/builtin/relay.ts';
export { firstOf, portsFromRandom } from './network/host-ports.ts';
export {
  createNetwork,
  type ForwarderName,
  fitTogether,
  forwarderNames,
  type Network,
  type NetworkChoice,
  type Reach,
  reachesLoopback,
  type UplinkName,
  uplinkNames,
  usedPrograms,
} from './network/network.ts';
export { ownAddresses } from './network/own-addresses.ts';
export { type Endpoint, isLoopback, type NetworkPolicy, slirpNetwork } from './network/policy.ts';
export {
  ForkServerDied,
  type ForkServerRequest,
  isCurrent,
  socketOf as forkServerSocket,
  startForkServer,
  watchForkServer,
} from './preload/fork-server.ts';
export { findInitProgram } from './preload/program.ts';
export { type PythonScript, pythonScript } from './preload/python-script.ts';
export type { PreloadRequest } from './preload/request.ts';
export type { NetworkEvent } from './sandbox/context.ts';
export { killIfDebugged } from './sandbox/kill-stopped.ts';
export { whyUnreachable } from './sandbox/not-ready.ts';
export { type ListeningPort, listeningPortNumbers, listeningPorts } from './sandbox/open-ports.ts';
export { answered, answersOnce, type ReadinessProbe } from './sandbox/readiness.ts';
export type { SandboxRecord } from './sandbox/record.ts';
export {
  type AdoptedSandbox,
  adoptSandbox,
  destroySandbox,
  isSandboxAlive,
  removeSandboxFiles,
  type Sandbox,
  type SandboxExit,
} from './sandbox/sandbox.ts';
export { isWritable } from './system/access.ts';
export {
  type Account,
  becomeArgv,
  becomeBareArgv,
  findAccount,
  loginEnvironment,
  ownAccount,
  parsePasswd,
} from './system/account.ts';
export { restrictsNamespaces } from './system/apparmor.ts';
export { runTool, startChild, type ToolRun } from './system/child.ts';
export { aborted, unlessAborted, withDeadline } from './system/deadline.ts';
export { answerDeadline, answersOf, type Look, lookAs, pathUnavailable } from './system/look.ts';
export { isAtOrBelow } from './system/path.ts';
export {
  bootId,
  endProcess,
  isAlive as isSameProcess,
  killGroup,
  type ProcessIdentity,
  readIds,
  thisProcess,
} from './system/process.ts';
export { readFileOrNull } from './system/read-file.ts';
export {
  familyOf,
  isOnEveryAddress,
  type ListeningSocket,
  parseListeningSockets,
  readTcpTables,
} from './system/tcp-table.ts';
export { createToolbox, type Toolbox } from './system/tools.ts';
export { sweepTemporary } from './temporary/sweep.ts';
