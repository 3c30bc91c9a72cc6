// The token with which a server may be asked what it is doing: its own, from the environment that its hub gave it.
// Kept in a file of mode 0600 in the state directory, since a restarted service that cannot ask would have to
// take a busy server for an idle one, or cull nobody (docs/security.md).
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFileOrNull } from '../../portwrap/index.ts';
import type { StateDirectory } from './state-directory.ts';

export interface ServerTokens {
  /** Keeps the token that is in `environment`, if there is one. */
  keep(id: string, environment: Readonly<Record<string, string>>): void;
  /** Null: it has none, so it is asked without. */
  of(id: string): string | null;
  forget(id: string): void;
  /** Forgets all but those. */
  retain(known: ReadonlySet<string>): void;
}

/** JupyterHub's two names, and the one of a Jupyter server without a hub. */
const variables = ['JUPYTERHUB_API_TOKEN', 'JPY_API_TOKEN', 'JUPYTER_TOKEN'];

export function openServerTokens({ tokens: directory }: Pick<StateDirectory, 'tokens'>): ServerTokens {
  const known = new Map<string, string | null>();
  const fileOf = (id: string) => join(directory, id);
  const forget = (id: string) => {
    known.delete(id);
    rmSync(fileOf(id), { force: true });
  };
  return {
    keep(id, environment) {
      const token = variables.map((name) => environment[name]).find((value) => isToken(value)) ?? null;
      if (token !== null) writeFileSync(fileOf(id), token, { mode: 0o600 });
      known.set(id, token);
    },
    of(id) {
      if (!known.has(id)) known.set(id, readToken(fileOf(id)));
      return known.get(id) ?? null;
    },
    forget,
    retain(ids) {
      for (const id of readdirSync(directory)) if (!ids.has(id)) forget(id);
    },
  };
}

/** What can stand in a header. */
function isToken(value: string | undefined): boolean {
  return value !== undefined && /^[\x21-\x7e]{1,512}$/.test(value);
}

/** Null when it was started without one. */
function readToken(path: string): string | null {
  return readFileOrNull(path) || null;
}
