// The step that closes the host ports: the rule that doctor prints, in its file, loaded by portwrap-ports.service now, at
// every start of the machine, and after nftables.service. Not here: the rule and its test (../../doctor/ports.ts).
import { PortwrapError } from '../../../../config/errors.ts';
import { parseConfig } from '../../../../config/load.ts';
import { portGuardFile } from '../../../port-guard/rule.ts';
import { collectPortChecks } from '../../doctor/ports.ts';
import type { Facts } from '../look/facts.ts';
import type { Command } from '../plan/steps.ts';
import { writeFile } from './files.ts';
import type { Journal } from './journal.ts';
import { runCommand } from './programs.ts';

/** Everything must be running: the rule names the accounts of the service, the proxy and the hub. */
export async function loadPortGuard(config: string, { choices }: Facts, journal: Journal): Promise<void> {
  const { check, rules } = await collectPortChecks(parseConfig(config, choices.config), undefined);
  if (rules === null) throw new PortwrapError('SETUP_FAILED', check.what, { hint: check.fix });
  await writeFile(portGuardFile, rules, journal);
  const unit = 'portwrap-ports.service';
  const remove: Command = ['nft', 'delete', 'table', 'inet', 'portwrap_ports'];
  await journal.add({ kind: 'command', command: [...remove], what: 'remove the rule' });
  await journal.add({
    kind: 'command',
    command: ['systemctl', 'disable', '--now', unit],
    what: `disable ${unit}`,
  });
  await runCommand(['systemctl', 'enable', '--now', unit]);
}
