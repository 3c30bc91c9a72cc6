// The machine's JupyterHub over its REST API, through our proxy: starts and stops servers as a program of the
// administrator does. Not here: the service behind it (service.ts).
import { type Machine, until } from './machine.ts';

export class Hub {
  readonly #machine: Machine;
  readonly #token: string;

  private constructor(machine: Machine, token: string) {
    this.#machine = machine;
    this.#token = token;
  }

  static async of(machine: Machine): Promise<Hub> {
    return new Hub(machine, await machine.output('cat /etc/jupyterhub/tests.token'));
  }

  /** Starts a user's server with a profile, and waits until the hub says that it is ready. */
  async start(user: string, profile: string): Promise<void> {
    const made = await this.#ask('POST', `/users/${user}`);
    if (![201, 409].includes(made.status)) throw new Error(`the hub makes no user ${user}: ${made.status}`);
    const asked = await this.#ask('POST', `/users/${user}/server`, { profile });
    if (![201, 202].includes(asked.status)) {
      throw new Error(`the hub does not start ${user}'s server: ${asked.status} ${await asked.text()}`);
    }
    await until(
      `the hub starts ${user}'s server, or gives it up`,
      async () => {
        const server = await this.server(user);
        return server === undefined || (server.ready && server.pending === null);
      },
      600,
    );
    if ((await this.server(user)) === undefined) throw new Error(`the start of ${user}'s server failed`);
  }

  /** Stops it, and waits until the hub says that it is gone. */
  async stop(user: string): Promise<void> {
    const { status } = await this.#ask('DELETE', `/users/${user}/server`);
    if (![202, 204].includes(status)) throw new Error(`the hub does not stop ${user}'s server: ${status}`);
    await until(`the hub stops ${user}'s server`, async () => (await this.server(user)) === undefined);
  }

  /** What the hub says of the user's default server. */
  async server(user: string): Promise<{ ready: boolean; pending: string | null } | undefined> {
    const answer = await this.#ask('GET', `/users/${user}`);
    if (answer.status !== 200) throw new Error(`the hub says ${answer.status} of ${user}`);
    const { servers = {} } = (await answer.json()) as {
      servers?: Record<string, { ready: boolean; pending: string | null }>;
    };
    return servers[''];
  }

  /** Waits until the hub answers, through the proxy. */
  async answers(): Promise<void> {
    await until('the hub answers through the proxy', async () => (await this.#ask('GET', '/')).ok);
  }

  /** What a user's test server answers (scripts/vm/test-server.py), through the proxy. */
  async use(user: string, path = ''): Promise<string> {
    const answer = await fetch(`${this.#machine.web}/user/${user}/${path}`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(180_000),
    });
    const text = await answer.text();
    if (answer.status !== 200)
      throw new Error(`${user}'s server answers ${answer.status}: ${text.slice(0, 300)}`);
    return text;
  }

  /** A shell command in a user's test server. */
  shell(user: string, command: string): Promise<string> {
    return this.use(user, `sh?c=${encodeURIComponent(command)}`);
  }

  #ask(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.#machine.web}/hub/api${path}`, {
      method,
      headers: { authorization: `token ${this.#token}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(120_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}
