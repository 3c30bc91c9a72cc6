// `portwrap-spawner smoke`: tests the installation. Starts a Jupyter server through the service, runs a cell through
// the proxy and its WebSocket, stops the server, and prints the duration of each step.
import { randomBytes } from 'node:crypto';
import { PortwrapError } from '../../config/errors.ts';
import type { ConfigFile } from '../../config/load.ts';
import type { Client, ServerName } from '../http/client.ts';
import { serverLabel } from '../records/record.ts';
import { connectAdmin } from './admin.ts';
import type { Command, CommandInput } from './arguments.ts';
import { textTable } from './table.ts';

export const run: Command = async (input) => {
  const { client, config } = connectAdmin(input);
  const timings: Timing[] = [];
  const timed = async <T>(step: string, work: Promise<T>): Promise<T> => {
    const began = performance.now();
    const outcome = await work;
    timings.push({ step, milliseconds: Math.round(performance.now() - began) });
    return outcome;
  };
  const plan = planOf(input, config);
  try {
    await timed('start the server until it responds', startServer(client, plan));
    const base = baseUrl(input, config, (await client.show(plan.server)).url, plan.prefix);
    const { openKernel } = await import('./smoke-kernel.ts'); // @jupyterlab/services takes its time
    const kernel = await timed('start a kernel, over HTTP and WebSocket', openKernel(base, plan.token));
    const output = await timed('run a cell', kernel.run('print(6 * 7)')).finally(() => kernel.close());
    if (output.trim() !== '42')
      throw failure(`the cell printed ${JSON.stringify(output.slice(0, 200))} instead of 42`);
  } finally {
    await timed('stop the server', client.stop(plan.server));
  }
  if (input.options.json) input.print(`${JSON.stringify({ passed: true, timings }, null, 2)}\n`);
  else {
    const rows = timings.map(({ step, milliseconds }) => [step, `${milliseconds}`.padStart(6)]);
    input.print(`${textTable(['STEP', '    MS'], rows)}all steps passed\n`);
  }
  return 0;
};

interface Timing {
  readonly step: string;
  readonly milliseconds: number;
}

interface SmokePlan {
  readonly server: ServerName;
  readonly prefix: string;
  readonly profile: string | undefined;
  readonly token: string;
}

function planOf({ options }: CommandInput, config: ConfigFile): SmokePlan {
  const user = options.user ?? 'smoke-test';
  const name = `smoke-${randomBytes(4).toString('hex')}`;
  return {
    server: { hub: options.hub ?? config.hubs[0]?.name, user, name },
    prefix: `/user/${encodeURIComponent(user)}/${name}/`,
    profile: options.profile,
    token: randomBytes(24).toString('hex'),
  };
}

async function startServer(client: Client, { server, prefix, profile, token }: SmokePlan): Promise<void> {
  const body = {
    spawn_id: randomBytes(16).toString('hex'),
    ...(profile === undefined ? {} : { profile }),
    command: ['sh', '-c', jupyter, 'sh'],
    // options for both of Jupyter's programs; each ignores those of the other
    args: ['ServerApp', 'NotebookApp'].flatMap((app) => [
      `--${app}.base_url=${prefix}`,
      `--${app}.port={guest-port}`,
      `--${app}.ip=0.0.0.0`,
    ]),
    env: { JUPYTER_TOKEN: token },
    route_prefix: prefix,
  };
  await client.start(server, body).catch((error: unknown) => {
    throw asksForUser(error) ? needsUser(error.message) : error;
  });
  for await (const event of client.progress(server)) {
    if (event.ready) return;
    if (event.failed) {
      const { code, message = event.message, hint, log } = event.error ?? {};
      if (code === 'USER_REFUSED') throw needsUser(message);
      throw failure([message, ...(log ?? [])].join('\n  '), hint);
    }
  }
  throw failure(`the progress stream of ${serverLabel(server)} ended early`);
}

/** Whichever of them there is, on the profile's PATH; where only JupyterHub is packaged, the module alone. */
const jupyter = `
for program in jupyter-server jupyter-lab jupyter-notebook; do
  command -v "$program" > /dev/null && exec "$program" --no-browser "$@"
done
for python in python3 /usr/bin/python3; do
  "$python" -c 'import jupyter_server' 2> /dev/null && exec "$python" -m jupyter_server --no-browser "$@"
done
echo "neither jupyter-server, jupyter-lab nor jupyter-notebook, nor a Python with jupyter_server, is on PATH: $PATH"
exit 127`;

/** Through the proxy when there is one, else through the server's own forward. */
function baseUrl(
  { options }: CommandInput,
  config: ConfigFile,
  forward: string | null,
  prefix: string,
): string {
  const behind = config.proxy === null ? forward : 'http://127.0.0.1:8000';
  const origin = options['public-url'] ?? behind;
  if (origin === null) throw failure('the server has no address');
  return `${origin.replace(/\/$/, '')}${prefix}`;
}

function asksForUser(error: unknown): error is PortwrapError {
  return error instanceof PortwrapError && error.code === 'USER_REFUSED';
}

function needsUser(message: string): PortwrapError {
  const hint = 'Name a user who may run servers, such as an account of this machine: smoke --user NAME.';
  return new PortwrapError('USER_REFUSED', message, { hint });
}

function failure(message: string, hint?: string): PortwrapError {
  return new PortwrapError('SMOKE_FAILED', message, { hint });
}
