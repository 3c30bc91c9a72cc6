// How setup reads the command line of a hub. Not here: finding its unit (test/integration/setup).
import { expect, test } from 'vitest';
import { parseHubCommand } from '../../../../../spawner/commands/setup/look/find-hub.ts';

const shebang = () => '/opt/hub/bin/python3';

test.each([
  [
    '/usr/bin/python3 -m jupyterhub.app -f /etc/x.py --upgrade-db',
    '/usr/bin/python3',
    '-f /etc/x.py --upgrade-db',
  ],
  ['/opt/tljh/hub/bin/python3 -m jupyterhub', '/opt/tljh/hub/bin/python3', ''],
  ['/opt/hub/bin/python /opt/hub/bin/jupyterhub --config x.py', '/opt/hub/bin/python', '--config x.py'],
  ['/usr/bin/python3.11 -I -X dev -m jupyterhub', '/usr/bin/python3.11', ''],
  ['/opt/hub/bin/jupyterhub -f x.py', '/opt/hub/bin/python3', '-f x.py'],
])('%s is a hub', (line, python, args) => {
  const found = parseHubCommand(line.split(' '), shebang);
  expect(found).toEqual({ python, arguments: args.split(' ').filter(Boolean) });
});

test.each([
  '/usr/bin/python3 -m jupyterhub.singleuser',
  '/opt/hub/bin/jupyterhub-singleuser',
  '/usr/bin/python3 /usr/bin/jupyterhub-idle-culler',
  '/usr/sbin/nginx',
  'python3 -m jupyterhub', // which Python that is depends on a PATH
  '',
])('"%s" is none', (line) => {
  expect(parseHubCommand(line.split(' '), shebang)).toBeNull();
});
