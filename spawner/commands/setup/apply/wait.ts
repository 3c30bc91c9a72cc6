// Waits until the service and the hub answer after they were started, with a deadline.
// Not here: starting them (apply.ts).
import { get, type RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { PortwrapError } from '../../../../config/errors.ts';
import { parseConfig } from '../../../../config/load.ts';
import { backoff } from '../../../../config/system/backoff.ts';

/** Milliseconds. A hub upgrades its database and looks for its servers first; a slow machine takes a minute to begin at all. */
const patience = 180_000;

/** Throws SETUP_FAILED. */
export async function waitForService(config: string): Promise<void> {
  const { listen } = parseConfig(config, 'config.yaml').service;
  const place =
    listen.kind === 'unix' ? { socketPath: listen.path } : { host: listen.host, port: listen.port };
  const ask = () => failureToAnswer({ ...place, path: '/api/health/ready' });
  await until(ask, 'portwrap-spawner.service');
}

/** Throws SETUP_FAILED. */
export async function waitForHub(config: string, unit: string): Promise<void> {
  const [hub] = parseConfig(config, 'config.yaml').hubs;
  if (hub === undefined) return;
  const { protocol, hostname, port, pathname } = new URL(`${hub.api_url.replace(/\/$/, '')}/`);
  const host = hostname.replace(/^\[|\]$/g, '');
  // a hub with internal_ssl answers only who has a certificate
  const ask = protocol === 'https:' ? failureToConnect : failureToAnswer;
  await until(() => ask({ host, port: port || defaultPorts[protocol], path: pathname }), unit);
}

const defaultPorts: Readonly<Partial<Record<string, string>>> = { 'http:': '80', 'https:': '443' };

/** `ask` resolves with why there is no good answer, or with null. */
async function until(ask: () => Promise<string | null>, unit: string): Promise<void> {
  const deadline = performance.now() + patience;
  const next = backoff(50, 1_000);
  let failure = await ask();
  while (failure !== null) {
    if (performance.now() > deadline) {
      const what = `no good answer within ${patience / 1_000} seconds: ${failure}`;
      throw new PortwrapError('SETUP_FAILED', what, {
        hint: `See journalctl --unit ${unit} for the reason.`,
      });
    }
    await pause(next());
    failure = await ask();
  }
}

/** Null for a response with 200. */
function failureToAnswer(target: RequestOptions): Promise<string | null> {
  return new Promise((resolve) => {
    const request = get({ ...target, agent: false, timeout: 5_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? null : `${response.statusCode}`);
    });
    request.once('timeout', () => request.destroy(new Error('it did not answer')));
    request.once('error', (error) => resolve(error.message));
  });
}

/** Null where a program accepts connections. */
function failureToConnect({ host, port }: RequestOptions): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: host ?? '', port: Number(port), timeout: 5_000 });
    const settle = (failure: string | null) => {
      socket.destroy();
      resolve(failure);
    };
    socket.once('connect', () => settle(null));
    socket.once('timeout', () => settle('it accepts no connection'));
    socket.once('error', (error) => settle(error.message));
  });
}
