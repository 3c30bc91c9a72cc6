// A job that checks its node, for the doctor: the requirements of a server, the connection to the service, and the clock.
// Not here: evaluating the findings (spawner/launchers/slurm/doctor/doctor.ts).
import { hostname } from 'node:os';
import { runDoctor } from '../doctor/index.ts';
import type { Toolbox } from '../system/tools.ts';
import type { NodeFindings, NodeProbe, ReportTarget } from './protocol.ts';
import { post } from './report.ts';

/** Resolves with the exit code: 0 if the findings were accepted. */
export async function probeNode(
  probe: NodeProbe,
  report: ReportTarget,
  around: { tools: Toolbox; uid: number; environment: Readonly<Record<string, string>> },
): Promise<number> {
  const { tools, uid } = around;
  const checks = await runDoctor({ tools, uid, network: probe.network, reach: probe.reach });
  const { serviceUrl } = probe;
  // without a valid secret: the service refuses the report, but its response proves the connection
  const service = serviceUrl === null ? null : await post({ ...report, url: serviceUrl, secret: '-' }, {});
  const node = around.environment[probe.nodeVariable] ?? hostname();
  const findings: NodeFindings = { event: 'probed', node, checks, service, clock: Date.now() };
  return (await post(report, findings)) === 204 ? 0 : 1;
}
