// A job that only looks at its node, for the doctor: what a server would need there, whether the node reaches the
// service, and what time it has. Not here: judging it (spawner/launchers/slurm/doctor/doctor.ts).
import { hostname } from 'node:os';
import { runDoctor } from '../doctor/index.ts';
import type { Toolbox } from '../system/tools.ts';
import type { NodeFindings, NodeProbe, ReportTarget } from './protocol.ts';
import { post } from './report.ts';

/** Resolves with the exit code: 0 when the findings were taken. */
export async function probeNode(
  probe: NodeProbe,
  report: ReportTarget,
  around: { tools: Toolbox; uid: number; environment: Readonly<Record<string, string>> },
): Promise<number> {
  const { tools, uid } = around;
  const checks = await runDoctor({ tools, uid, forwarder: probe.forwarder });
  const { serviceUrl } = probe;
  // nobody's report: the service knows that it is asked, and refuses it
  const service = serviceUrl === null ? null : await post({ ...report, url: serviceUrl, secret: '-' }, {});
  const node = around.environment[probe.nodeVariable] ?? hostname();
  const findings: NodeFindings = { event: 'probed', node, checks, service, clock: Date.now() };
  return (await post(report, findings)) === 204 ? 0 : 1;
}
