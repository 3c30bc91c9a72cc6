// What the administrator chose on the command line of setup. Not here: the table of options (../program.ts).
import { PortwrapError } from '../../../../config/errors.ts';
import type { Options } from '../../arguments.ts';

export interface Choices {
  readonly config: string;
  /** Undefined: ours takes the place of a proxy that the hub starts itself; any other stays. */
  readonly proxy: 'portwrap' | 'keep' | undefined;
  readonly withJupyterHub: boolean;
  readonly hubPython: string | undefined;
  readonly hubConfig: string | undefined;
  /** The Python lines are printed and not written into the hub's configuration. */
  readonly printConfig: boolean;
}

/** Throws USAGE. */
export function choicesOf(options: Options): Choices {
  const { 'hub-python': hubPython, 'hub-config': hubConfig, 'with-jupyterhub': withJupyterHub } = options;
  if (hubConfig !== undefined && hubPython === undefined) {
    throw new PortwrapError('USAGE', '--hub-config needs --hub-python, the Python that runs that hub');
  }
  for (const [name, path] of Object.entries({ 'hub-python': hubPython, 'hub-config': hubConfig })) {
    if (path !== undefined && !path.startsWith('/'))
      throw new PortwrapError('USAGE', `--${name} must be an absolute path, not "${path}"`);
  }
  return {
    config: options.config,
    proxy: options['hub-proxy'],
    withJupyterHub,
    hubPython,
    hubConfig,
    printConfig: options['print-config'],
  };
}
