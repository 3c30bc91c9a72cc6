// A JupyterHub for a machine without one: a virtual environment in /opt/portwrap-spawner/hub with packages from PyPI, or
// from the index that pip is configured for. Pure. Not here: its unit and configuration (unit-files.ts).
import type { Command, Step } from './steps.ts';

export const hubDirectory = '/opt/portwrap-spawner/hub';
export const hubConfigFile = '/etc/portwrap-spawner/jupyterhub_config.py';
/** The database and the cookie secret. */
export const hubState = '/var/lib/jupyterhub';

/** systemd would make it too; made by setup, an undo removes it. */
export const hubStateStep: Step = {
  do: 'tree',
  path: hubState,
  commands: [['mkdir', '--mode=0700', hubState]],
  what: `make ${hubState} for the hub's database`,
};

/** `requirements`: the file of the package with every version and hash; null: the newest that fit are taken. */
export function hubEnvironmentStep(python: string, requirements: string | null): Step {
  const packages =
    requirements === null
      ? ['jupyterhub==6.*', 'jupyterlab==4.*']
      : ['--require-hashes', '--requirement', requirements];
  const pip: Command = [`${hubDirectory}/bin/python`, '-m', 'pip', ...quietly, 'install', ...packages];
  return {
    do: 'tree',
    path: hubDirectory,
    commands: [[python, '-m', 'venv', hubDirectory], pip],
    hint: "PyPI, or the index in /etc/pip.conf, must be reachable from here. Or take Debian's hub: apt-get install jupyterhub, then setup without --with-jupyterhub.",
    what: `make a Python environment with JupyterHub 6 and JupyterLab 4 from PyPI in ${hubDirectory} (500 MB, some minutes)`,
  };
}

const quietly = ['--disable-pip-version-check', '--no-input', '--quiet'];
