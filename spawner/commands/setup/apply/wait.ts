// Waits until the service and the hub answer after they were started, with a deadline.
// Not here: starting them (apply.ts).
import { get, type RequestOptions } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { PortwrapError } from '../../../../config/errors.ts';
import { parseConfig } from '../../../../config/load.ts';
import { backoff } from '../../../../config/system/backoff.ts';

const serviceDeadline = 60_000;
/** A hub upgrades its database and looks for its servers first. */
const hubDeadline = 180_000;

/** Throws SETUP_FAILED. */
export async function waitForService(config: string): Promise<void> {
  const { listen } = parseConfig(config, 'config.yaml').service;
  const place =
    listen.kind === 'unix' ? { socketPath: listen.path } : { host: listen.host, port: listen.port };
  await untilAnswered({ ...place, path: '/api/health/ready' }, serviceDeadline, 'portwrap-spawner.service');
}

/** Throws SETUP_FAILED. */
export async function waitForHub(config: string, unit: string): Promise<void> {
  const [hub] = parseConfig(config, 'config.yaml').hubs;
  if (hub === undefined || hub.api_url.startsWith('https:')) return; // it wants a certificate of its clients
  const { hostname, port, pathname } = new URL(`${hub.api_url.replace(/\/$/, '')}/`);
  await untilAnswered({ host: hostname.replace(/^\[|\]$/g, ''), port, path: pathname }, hubDeadline, unit);
}

async function untilAnswered(target: RequestOptions, milliseconds: number, unit: string): Promise<void> {
  const deadline = performance.now() + milliseconds;
  const next = backoff(50, 1_000);
  let last = await statusOf(target);
  while (last !== 200) {
    if (performance.now() > deadline) {
      const what = `no good answer within ${milliseconds / 1_000} seconds: ${last}`;
      throw new PortwrapError('SETUP_FAILED', what, {
        hint: `See journalctl --unit ${unit} for the reason.`,
      });
    }
    await pause(next());
    last = await statusOf(target);
  }
}

/** The status of the response, or why there is none. */
function statusOf(target: RequestOptions): Promise<number | string> {
  return new Promise((resolve) => {
    const request = get({ ...target, agent: false, timeout: 5_000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.once('timeout', () => request.destroy(new Error('it did not answer')));
    request.once('error', (error) => resolve(error.message));
  });
}
