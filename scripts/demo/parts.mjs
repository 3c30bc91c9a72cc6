// The three programs of the demo: command line and readiness check of each. Tokens are passed in files that
// only we can read, or in the environment.
import { join } from 'node:path';
import { Part } from './part.mjs';

export function makeParts({ root, directory, ports, files, python }) {
  const { path, secrets } = directory;
  const local = (port) => `http://127.0.0.1:${port}`;
  const node = (program, ...args) => [process.execPath, join(root, 'dist', program, 'main.js'), ...args];
  return {
    proxy: new Part({
      name: 'The proxy',
      command: node(
        'proxy',
        ...['--ip', '127.0.0.1', '--port', `${ports.public}`],
        ...['--api-ip', '127.0.0.1', '--api-port', `${ports.proxyApi}`],
        ...['--default-target', local(ports.hub), '--error-target', `${local(ports.hub)}/hub/error`],
        '--compress',
      ),
      env: { CONFIGPROXY_AUTH_TOKEN: secrets.proxyToken },
      cwd: path('run'),
      log: path('logs', 'proxy.log'),
      answers: {
        url: `${local(ports.proxyApi)}/api/routes`,
        headers: { authorization: `token ${secrets.proxyToken}` },
      },
    }),
    service: new Part({
      name: 'The spawner service',
      command: node('spawner', 'serve', '--config', files.serviceConfig),
      cwd: path('run'),
      log: path('logs', 'service.log'),
      answers: { url: `${local(ports.service)}/api/health` },
    }),
    hub: new Part({
      name: 'JupyterHub',
      command: [python, '-m', 'jupyterhub', '--config', files.hubConfig],
      env: {
        PYTHONPATH: [join(root, 'hub'), path('plugin'), join(root, 'scripts/demo/hub')].join(':'),
        PYTHONDONTWRITEBYTECODE: '1',
      },
      cwd: path('hub'),
      log: path('logs', 'hub.log'),
      answers: { url: `${local(ports.hub)}/hub/health` },
    }),
  };
}
