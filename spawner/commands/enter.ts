// `portwrap-spawner enter SERVER [-- COMMAND]`: an administrator's way into the sandbox of a server, as its user.
// Not here: how users enter their own (portwrap/cli/enter.ts).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PortwrapError } from '../../config/errors.ts';
import { type EnterTarget, enterSandbox, filterFile, settleInside } from '../../portwrap/index.ts';
import { type Placement, recordId, recordSchema, serverLabel } from '../records/record.ts';
import { connectAdmin, serverNamed } from './admin.ts';
import type { Command } from './arguments.ts';

export const run: Command = async (input) => {
  const { client, config } = connectAdmin(input);
  const server = await client.show(serverNamed(input.operand, input.options.hub));
  const label = `the server ${serverLabel(server)}`;
  const file = join(config.service.state_dir, 'records', `${recordId(server, server.spawn_id)}.json`);
  const { sandbox, job } = recordSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  if (sandbox === null || server.state === 'exited') throw noSandbox(label, server.state, job);
  const target: EnterTarget = {
    ...{ label, child: sandbox.child },
    filter: readFileSync(join(sandbox.directory, filterFile)),
    settle: (pid) => settleInside({ label, child: sandbox.child, cgroup: sandbox.cgroup }, pid),
  };
  const caller = { uid: process.getuid?.() ?? -1, term: input.environment.TERM };
  return enterSandbox(target, { kind: 'command', command: input.words }, caller);
};

function noSandbox(label: string, state: string, job: Placement['job']): PortwrapError {
  if (job !== null && job.node !== null) {
    return new PortwrapError('ENTER_FAILED', `${label} runs on ${job.node}, as job ${job.id} of Slurm`, {
      hint: 'Enter it there, as its user.',
    });
  }
  return new PortwrapError('SANDBOX_UNKNOWN', `${label} has no sandbox: it is ${state}`, {
    hint: 'Wait until it has started, or start it at the hub.',
  });
}
