// `portwrap-spawner doctor --launcher slurm`: examines the cluster, by way of a job that looks at a node.
// Not here: the probes (launchers/slurm/doctor/doctor.ts).
import { userInfo } from 'node:os';
import { PortwrapError } from '../../../config/errors.ts';
import { loadConfigFile } from '../../../config/load.ts';
import { createToolbox, doctorExit, renderDoctor } from '../../../portwrap/index.ts';
import { createAccounts } from '../../launchers/accounts.ts';
import { examineCluster } from '../../launchers/slurm/doctor/doctor.ts';
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
  const own = userInfo();
  if (user === undefined && own.uid === 0)
    throw new PortwrapError('USAGE', '--user NAME is required: whose job is tried');
  const tools = createToolbox();
  const account = {
    ...own,
    name: own.username,
    home: own.homedir,
    shell: own.shell ?? '/bin/sh',
    listed: true,
  };
  const accounts = createAccounts(config.accounts, tools, account);
  const tenant = await accounts.resolve(user ?? own.username);
  const checks = await examineCluster({ config, profile, tenant, tools });
  input.print(renderDoctor(checks, { json, color: process.stdout.isTTY }));
  if (!json) input.print(`\n${nodeRules(config)}`);
  return doctorExit(checks);
};
