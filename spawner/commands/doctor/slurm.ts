// `portwrap-spawner doctor --launcher slurm`: examines the cluster, by way of a job that looks at a node.
// Not here: the probes (launchers/slurm/doctor/doctor.ts).
import { PortwrapError } from '../../../config/errors.ts';
import { loadConfigFile } from '../../../config/load.ts';
import { createToolbox, doctorExit, ownAccount, renderDoctor } from '../../../portwrap/index.ts';
import { createAccounts } from '../../launchers/accounts.ts';
import { collectClusterChecks } from '../../launchers/slurm/doctor/doctor.ts';
import { nodeRules } from '../../launchers/slurm/doctor/node-firewall.ts';
import type { Command } from '../arguments.ts';

export const run: Command = async (input) => {
  const { config: path, user, json } = input.options;
  const config = loadConfigFile(path);
  const profile = config.profiles.find(
    ({ name, launcher }) => launcher === 'slurm' && (input.options.profile ?? name) === name,
  );
  if (profile === undefined)
    throw new PortwrapError('USAGE', `${path} has no such profile with launcher slurm`);
  const own = ownAccount();
  if (user === undefined && own.uid === 0)
    throw new PortwrapError('USAGE', '--user NAME is required: the account that submits the test job');
  const tools = createToolbox();
  const accounts = createAccounts(config.accounts, tools, own);
  const runAs = await accounts.resolve(user ?? own.name);
  const checks = await collectClusterChecks({ config, profile, runAs, tools });
  input.print(renderDoctor(checks, { json, color: process.stdout.isTTY }));
  if (!json) input.print(`\n${nodeRules(config)}`);
  return doctorExit(checks);
};
