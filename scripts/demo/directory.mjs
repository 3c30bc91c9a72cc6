// The directory of the demo: creates it with secrets, and removes it at the end unless the user chose it.
// Not here: the configuration files in it (config-files.mjs).
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isPassable } from '../setup/cache.mjs';
import { Refusal } from '../setup/say.mjs';

/** Other users may traverse it to reach their homes; only `homes` and `shared` are meant for them. */
export function makeDirectory(named) {
  const root = named === null ? mkdtempSync(join(temporary(), 'portwrap-')) : resolve(named);
  mkdirSync(root, { recursive: true });
  if (!isPassable(dirname(root))) {
    throw new Refusal(
      `${root} cannot be the demo's directory: other users cannot pass through ${dirname(root)}.`,
    );
  }
  chmodSync(root, 0o711);
  const path = (...parts) => join(root, ...parts);
  for (const name of ['secrets', 'hub', 'plugin', 'logs', 'run']) make(path(name), 0o700);
  make(path('homes'), 0o711);
  make(path('shared'), 0o755);
  const secret = (name, bytes) => keepSecret(path('secrets', name), bytes);
  return {
    root,
    path,
    secrets: {
      password: secret('password', 9),
      serviceToken: secret('service-token', 32),
      proxyToken: secret('proxy-token', 32),
      pageToken: secret('page-token', 32),
    },
    remove() {
      if (named === null) rmSync(root, { recursive: true, force: true });
    },
  };
}

/** As root, servers run as other users, so a temporary directory that only root can enter does not work. */
function temporary() {
  return isPassable(tmpdir()) ? tmpdir() : '/tmp';
}

function make(path, mode) {
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
}

/** A secret lasts as long as its directory, so a demo with a chosen directory keeps its password. */
function keepSecret(path, bytes) {
  if (!existsSync(path))
    writeFileSync(path, `${randomBytes(bytes).toString('base64url')}\n`, { mode: 0o600 });
  return readFileSync(path, 'utf8').trim();
}
