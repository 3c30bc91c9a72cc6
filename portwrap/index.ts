// The public face of portwrap/: what the spawner service and the CLI use.
export { isWritable } from './access.ts';
export { type Account, becomeArgv, becomeBareArgv, findAccount, loginEnvironment } from './account.ts';
export { ownAddresses } from './addresses.ts';
export {
  type CgroupPlace,
  readCgroupLimits,
  readUsage,
  removeCgroup,
  type Usage,
  type UsageLimits,
} from './cgroup.ts';
export { type CgroupRoot, type Cgroups, noCgroups, openCgroups } from './cgroup-root.ts';
export { type CgroupWay, cgroupSurroundings, findCgroupWay } from './cgroup-way.ts';
export { runTool, type ToolRun } from './child.ts';
export { substituteGuestPort } from './command.ts';
export { aborted, withDeadline } from './deadline.ts';
export { type Check, failed, ok, warning } from './doctor/check.ts';
export { type DoctorRequest, doctorExit, runDoctor } from './doctor/doctor.ts';
export { explainFailure } from './doctor/explain.ts';
export { renderDoctor } from './doctor/render.ts';
export { type FileView, type FileViewRequest, fileView, type SyntheticFile } from './file-view.ts';
export { createForwarder, type ForwarderName, forwarderNames } from './forwarders.ts';
export type { NodeFindings } from './job/probe.ts';
export type { Report } from './job/report.ts';
export { type JobSpec, jobSpecVersion, type ProbeSpec } from './job/spec.ts';
export { launch } from './launch.ts';
export { type Limits, neededControllers, noLimits } from './limits.ts';
export { type ListeningPort, listeningPortNumbers, listeningPorts } from './listening.ts';
export { type Endpoint, isLoopback, type NetworkPolicy, slirpNetwork } from './policy.ts';
export { bootId, isAlive as isSameProcess, type ProcessIdentity, thisProcess } from './process.ts';
export { answered, answersOnce, type ReadinessProbe } from './readiness.ts';
export {
  adoptSandbox,
  destroySandbox,
  isSandboxAlive,
  type Sandbox,
  type SandboxExit,
  type SandboxRecord,
} from './sandbox.ts';
export { openServersScope } from './servers-scope.ts';
export { createSlirp4netns } from './slirp4netns.ts';
export type { LaunchContext, SandboxSpec } from './spec.ts';
export { createToolbox, type Toolbox } from './tools.ts';
