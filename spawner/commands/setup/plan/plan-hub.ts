// The part of the plan that concerns the hub: its environment if it has none, the plugin, the lines of its configuration.
// Pure. Not here: restarting it (plan-services.ts).
import { PortwrapError } from '../../../../config/errors.ts';
import { becomeBareArgv } from '../../../../portwrap/index.ts';
import type { Hub } from '../look/facts.ts';
import { blockIn, withBlock } from './block.ts';
import {
  hubConfigFile,
  hubDirectory,
  hubEnvironmentStep,
  hubState,
  hubStateStep,
} from './hub-environment.ts';
import type { Intent } from './intent.ts';
import type { Command, Step } from './steps.ts';
import { hubConfig } from './unit-files.ts';

export function planHub(intent: Intent): Step[] {
  const lines = lineSteps(intent);
  const plugin = pluginSteps(intent);
  const check: Step[] =
    lines.length + plugin.length === 0 || intent.facts.choices.printConfig
      ? []
      : [{ do: 'check-hub', what: "load the hub's configuration with the new lines, before the hub does" }];
  return [...environmentSteps(intent), ...plugin, ...lines, ...check];
}

function environmentSteps({ facts }: Intent): Step[] {
  if (facts.hub !== null) return [];
  if (facts.venvPython === null) {
    throw new PortwrapError('SETUP_REFUSED', 'this Python cannot make a virtual environment', {
      hint: 'The new hub needs Python 3.11 or newer with venv: apt-get install python3-venv. Or: apt-get install jupyterhub, then setup without --with-jupyterhub.',
    });
  }
  const isNew = facts.files.get(hubState) === undefined;
  return [
    hubEnvironmentStep(facts.venvPython, facts.programs.requirements),
    ...(isNew ? [hubStateStep] : []),
  ];
}

function pluginSteps({ facts, pluginDirectory }: Intent): Step[] {
  const { hub, programs } = facts;
  if (hub?.settings.plugin === programs.version) return [];
  const python = hub?.python ?? `${hubDirectory}/bin/python`;
  const { wheel } = programs;
  if (wheel === null) {
    throw new PortwrapError('SETUP_REFUSED', "this installation does not contain the plugin's wheel", {
      hint: `Install the npm or the Debian package, or make one with "npm run package"; or install the plugin into ${python} yourself.`,
    });
  }
  const old = hub?.settings.plugin;
  const verb = old === null || old === undefined ? 'install' : `replace version ${old} of`;
  if (pluginDirectory !== null) {
    const command: Command = ['python3', '-m', 'zipfile', '-e', wheel, pluginDirectory];
    const what = `${verb} the plugin in ${pluginDirectory} (pip does not install into ${python})`;
    return [{ do: 'tree', path: pluginDirectory, commands: [command], what }];
  }
  return [
    {
      do: 'command',
      command: pipCommand(hub, ['install', '--no-index', '--no-deps', wheel]),
      // an environment that setup has made goes as a whole
      undo:
        hub === null || hub.kind === 'ours'
          ? null
          : pipCommand(hub, ['uninstall', '--yes', 'portwrap-spawner']),
      what: `${verb} the plugin in ${hub?.settings.prefix ?? hubDirectory} with pip`,
    },
  ];
}

/** As the owner of the environment: root must not run a program that another account can change. */
function pipCommand(hub: Hub | null, argv: readonly string[]): Command {
  const python = hub?.python ?? `${hubDirectory}/bin/python`;
  const pip = [python, '-m', 'pip', '--disable-pip-version-check', '--quiet', '--no-input', ...argv] as const;
  const { uid, gid } = hub?.owner ?? { uid: 0, gid: 0 };
  return uid === 0 ? pip : ['setpriv', ...becomeBareArgv('setpriv', uid, gid, null).slice(1), ...pip];
}

function lineSteps({ facts, hubLines, hubConfig: path }: Intent): Step[] {
  const { hub, files, choices } = facts;
  if (choices.printConfig) return [];
  const file = files.get(path)?.text;
  if (hub?.kind === 'tljh') {
    const text = `# Written by portwrap-spawner setup; "portwrap-spawner setup --undo" removes it.\n${hubLines}`;
    return file === text ? [] : [{ do: 'file', path, text, what: `write ${path}` }];
  }
  if (path === hubConfigFile && file === undefined) {
    const text = withBlock(hubConfig, hubLines);
    return [{ do: 'file', path, text, what: `write ${path}: accounts of this machine, signed in by PAM` }];
  }
  if (blockIn(file ?? '') === hubLines) return [];
  const what =
    file === undefined
      ? `write ${path}, which the hub reads`
      : `add a marked block to ${path} (a copy is kept)`;
  return [{ do: 'block', path, text: hubLines, what }];
}
