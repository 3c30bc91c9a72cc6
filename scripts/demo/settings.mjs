// Settings of the demo from the environment: ports, directory, and which JupyterHub. Not here: whether ports are free.
import { Refusal } from '../setup/say.mjs';

export const portVariables = [
  { key: 'public', variable: 'PORTWRAP_PORT', value: 8000, use: 'the address that you open in a browser' },
  { key: 'proxyApi', variable: 'PORTWRAP_PROXY_API_PORT', value: 8001, use: "the proxy's REST API" },
  { key: 'hub', variable: 'PORTWRAP_HUB_PORT', value: 8081, use: 'JupyterHub' },
  { key: 'service', variable: 'PORTWRAP_SERVICE_PORT', value: 8095, use: 'the spawner service' },
  { key: 'page', variable: 'PORTWRAP_PAGE_PORT', value: 8096, use: 'the admin page' },
];

export function readSettings(env) {
  const ports = {};
  for (const { key, variable, value } of portVariables) ports[key] = readPort(env, variable, value);
  const range = env.PORTWRAP_PORT_RANGE || '20000-29999';
  if (!/^\d{4,5}-\d{4,5}$/.test(range)) {
    throw new Refusal(`PORTWRAP_PORT_RANGE is "${range}": write LOW-HIGH, such as 20000-29999.`, 64);
  }
  const hub = env.PORTWRAP_DEMO_HUB || 'pypi';
  if (hub !== 'pypi' && hub !== 'system') {
    throw new Refusal(`PORTWRAP_DEMO_HUB is "${hub}": write pypi, or system for that of this machine.`, 64);
  }
  return { ports, range, hub, directory: env.PORTWRAP_DEMO_DIR || null };
}

function readPort(env, variable, fallback) {
  const text = env[variable];
  if (text === undefined || text === '') return fallback;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new Refusal(`${variable} is "${text}": write a port, 1 to 65535.`, 64);
}
