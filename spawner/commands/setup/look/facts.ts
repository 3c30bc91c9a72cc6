// What setup knows of the machine before it plans. Not here: finding it out (look.ts), deciding (plan.ts).
import type { Choices } from './choices.ts';

export interface Facts {
  readonly programs: Programs;
  /** Null: no JupyterHub was found. */
  readonly hub: Hub | null;
  readonly files: Files;
  /** By name; a unit that systemd does not know has no entry. */
  readonly units: ReadonlyMap<string, UnitFact>;
  /** Null: there is no account portwrap-proxy. */
  readonly proxyAccount: { readonly uid: number; readonly gid: number } | null;
  /** The AppArmor profile that a launch enters, where namespaces are restricted and it is not loaded; else null. */
  readonly appArmorProfile: string | null;
  /** The venv module works, for --with-jupyterhub: the Python that has it. */
  readonly venvPython: string | null;
  readonly choices: Choices;
}

/** Where the programs of this package are installed. */
export interface Programs {
  readonly version: string;
  /** The directory of portwrap-spawner, portwrap-proxy and portwrap, such as /usr/bin. */
  readonly directory: string;
  /** The units of the package, by name. */
  readonly shippedUnits: ReadonlyMap<string, string>;
  /** For tmpfiles.d(5); null in a package without it. */
  readonly shippedTmpfiles: string | null;
  /** Of the hub that --with-jupyterhub makes: every package with its hashes. */
  readonly requirements: string | null;
  /** The plugin's wheel; null in a package without it. */
  readonly wheel: string | null;
  /** The units are in /usr/lib/systemd/system: a Debian package keeps them up to date. */
  readonly hasUnits: boolean;
  /** The directory of Node, if systemd would not find it there by itself. */
  readonly nodeDirectory: string | null;
}

export interface Hub extends HubProcess {
  readonly settings: HubSettings;
  /** The owner of its Python environment. */
  readonly owner: { readonly uid: number; readonly gid: number };
}

/** How the hub is started. */
export interface HubProcess {
  readonly kind: 'tljh' | 'debian' | 'ours' | 'other';
  /** Its systemd unit, such as jupyterhub.service; null: it was named with --hub-python. */
  readonly unit: string | null;
  readonly python: string;
  /** The arguments of JupyterHub, with the configuration file. */
  readonly arguments: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly uid: number;
  readonly gid: number;
}

/** What the hub's own Python says, with its configuration loaded. */
export interface HubSettings {
  readonly version: string;
  /** The Python file that JupyterHub loads; it may not exist. */
  readonly configFile: string;
  readonly prefix: string;
  readonly hasPip: boolean;
  /** pip refuses to install there (PEP 668). */
  readonly isExternallyManaged: boolean;
  /** The version of our plugin there. */
  readonly plugin: string | null;
  /** The directory from which Python imports it. */
  readonly pluginPath: string | null;
  readonly bindUrl: string;
  /** Of its API, as a program of this machine reaches it. */
  readonly apiUrl: string;
  /** The same through the proxy; null: without internal_ssl, where programs need no certificate at apiUrl. */
  readonly publicApiUrl: string | null;
  readonly usesTls: boolean;
  readonly authenticator: string;
  /** Its configuration says who may sign in, or its version lets everybody in. */
  readonly allowsUsers: boolean;
  readonly spawner: string;
  readonly usernameTemplate: string | null;
  readonly memoryLimit: number | null;
  readonly cpuLimit: number | null;
  readonly startTimeout: number;
  readonly cleansUpServers: boolean;
  readonly proxy: {
    readonly kind: string;
    readonly isConfigurableHttpProxy: boolean;
    readonly isStartedByHub: boolean;
    readonly apiUrl: string;
  };
  readonly services: readonly string[];
  /** The scopes of the role "user" in load_roles; null: it has its defaults. */
  readonly userScopes: readonly string[] | null;
}

/** The files as they are now, and directories as files without text; undefined: there is none. */
export interface Files {
  get(path: string): FileFact | undefined;
}

export interface FileFact {
  readonly text: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface UnitFact {
  readonly isEnabled: boolean;
  readonly isActive: boolean;
}
