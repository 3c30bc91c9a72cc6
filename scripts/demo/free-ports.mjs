// Whether the demo's ports are free, found out by binding them. Reports all taken ports together.
import { createServer } from 'node:net';
import { Refusal } from '../setup/say.mjs';
import { portVariables } from './settings.mjs';

/** The exit code for an address in use, as in the error catalogue (LISTEN_FAILED). */
const exitCode = 98;

export async function checkPorts(ports) {
  const rows = portVariables.map(({ key, variable, use }) => ({ port: ports[key], variable, use }));
  const problems = [];
  for (const [index, row] of rows.entries()) {
    const twin = rows.slice(0, index).find(({ port }) => port === row.port);
    const fault = twin ? `is also ${twin.variable}` : await whyNot(row.port);
    if (fault) problems.push(`  ${row.port}  ${fault}: ${row.use}; choose another with ${row.variable}=PORT`);
  }
  if (problems.length === 0) return;
  throw new Refusal(
    `These ports of 127.0.0.1 cannot be used:\n\n${problems.join('\n')}\n\n` +
      'An earlier demo that was killed may still hold them; "ss -ltnp" shows who does. For example:\n\n' +
      '  PORTWRAP_PORT=8100 PORTWRAP_PROXY_API_PORT=8101 PORTWRAP_HUB_PORT=8181 PORTWRAP_SERVICE_PORT=8195 PORTWRAP_PAGE_PORT=8196 npm start\n',
    exitCode,
  );
}

function whyNot(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(faults[error.code] ?? `cannot be used (${error.code})`));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve('')));
  });
}

const faults = { EADDRINUSE: 'is taken', EACCES: 'needs root' };
