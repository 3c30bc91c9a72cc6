// Loads the hub's configuration with our lines before the hub does: a file that cannot be loaded would keep the hub from
// starting. If it fails, the lines are taken out again. Not here: how it is loaded (../look/hub-settings.ts).
import { PortwrapError, toPortwrapError } from '../../../../config/errors.ts';
import type { Toolbox } from '../../../../portwrap/index.ts';
import type { Hub, HubProcess } from '../look/facts.ts';
import { readHubSettings } from '../look/hub-settings.ts';
import { hubConfigFile, hubDirectory } from '../plan/hub-environment.ts';
import type { Journal } from './journal.ts';
import { takeBack } from './undo.ts';

/** Throws SETUP_FAILED. */
export async function checkHub(
  tools: Toolbox,
  hub: Hub | null,
  hubConfig: string,
  journal: Journal,
): Promise<void> {
  try {
    const { spawner } = await readHubSettings(tools, hub ?? newHub);
    if (spawner.startsWith('portwrap_spawner.')) return;
    throw new PortwrapError('SETUP_FAILED', `its spawner is still ${spawner}`, {
      hint: `Something sets c.JupyterHub.spawner_class after the lines of ${hubConfig}.`,
    });
  } catch (cause) {
    const ours = journal.entries.filter((entry) => 'path' in entry && entry.path === hubConfig);
    for (const entry of ours.toReversed()) await takeBack(entry);
    const { message, hint } = toPortwrapError(cause);
    throw new PortwrapError('SETUP_FAILED', `${message}; the lines were taken out of ${hubConfig} again`, {
      hint,
      cause,
    });
  }
}

/** The hub of --with-jupyterhub. */
const newHub: HubProcess = {
  kind: 'ours',
  unit: 'jupyterhub.service',
  python: `${hubDirectory}/bin/python`,
  arguments: ['--config', hubConfigFile],
  directory: '/',
  environment: {},
  uid: 0,
  gid: 0,
};
