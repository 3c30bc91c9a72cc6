// A server that is given a certificate: when it counts as ready, who can read its key, and what is left of it. A
// real hub with internal_ssl is in test/hub.
import { readFileSync } from 'node:fs';
import { expect, onTestFinished } from 'vitest';
import { atGate } from '../../../support/gate.ts';
import { freePorts } from '../../../support/machine/free-ports.ts';
import { filesThatHold, lineOfKey, processesThatTell } from '../../../support/machine/secrets.ts';
import { hubToken, serverPath, startService, type TestService } from '../../../support/service.ts';
import { routedServiceTest } from '../../../support/service-test.ts';
import { askOverTls } from '../../../support/tls-client.ts';
import { certificates } from '../../proxy/support/certificates.ts';

/** Serves the directory of the key to who has a certificate of the authority. */
const server = `
import http.server, os, ssl
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=os.environ["JUPYTERHUB_SSL_CLIENT_CA"])
context.verify_mode = ssl.CERT_REQUIRED
context.load_cert_chain(CERT, KEY)
class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args): super().__init__(*args, directory=os.path.dirname(KEY))
class Server(http.server.ThreadingHTTPServer):
    def finish_request(self, request, address):
        with context.wrap_socket(request, server_side=True) as secured: super().finish_request(secured, address)
    def handle_error(self, request, address): print("refused", flush=True)
Server(("0.0.0.0", 8888), Handler).serve_forever()
`;
const own =
  'import os; KEY, CERT = os.environ["JUPYTERHUB_SSL_KEYFILE"], os.environ["JUPYTERHUB_SSL_CERTFILE"]';
const profile = (name: string, program: string, more = '') =>
  `  - {name: ${name}, command: ${JSON.stringify(['/usr/bin/python3', '-u', '-c', program])}, ready_path: /, stop_timeout: 1, ${more}}\n`;
const authority = certificates();
const impostor = authority.issue('impostor', 'IP:127.0.0.1');
const text = (path: string) => readFileSync(path, 'utf8');
const pairOf = (name: string) => {
  const { key, cert } = authority.issue(name, 'IP:127.0.0.1');
  return { key: text(key), cert: text(cert), ca: text(authority.ca) };
};

const patience = { timeout: 30_000, interval: 50 };

const shown = authority.issue('proxy-client', 'DNS:proxy');
const files = `import os; KEY, CERT = ["/dev/shm/" + name for name in ("key", "cert")]
for path, content in ((KEY, ${JSON.stringify(text(impostor.key))}), (CERT, ${JSON.stringify(text(impostor.cert))})):
    open(path, "w").write(content)`;
const test = routedServiceTest(
  profile('own', `${own}${server}`) +
    profile('gated', `${own}; os.mkfifo("gate"); open("gate").read()${server}`) +
    profile('impostor', `${files}${server}`, 'ready_timeout: 3') +
    profile(
      'plain',
      'import http.server as s; s.test(s.SimpleHTTPRequestHandler, port=8888)',
      'ready_timeout: 3',
    ),
  '',
  {},
  ...['--client-ssl-key', shown.key, '--client-ssl-cert', shown.cert, '--client-ssl-ca', authority.ca],
);

let serial = 0;
const newId = () => `with-tls-${serial++}`;
const start = async (service: TestService, user: string, tls: object, name = 'own') =>
  (await service.start(user, { spawn_id: newId(), profile: name, tls })).at(-1);
const view = async (service: TestService, user: string) => (await service.call('GET', serverPath(user))).body;
const portOf = (url: string | undefined) => Number(new URL(url ?? '').port);

test('it is ready when it shows its certificate, refuses who has none, and has its key to itself', async ({
  service,
}) => {
  const alice = pairOf('alice');
  const bob = pairOf('bob');
  const ready = [await start(service, 'alice', alice), await start(service, 'bob', bob)];
  expect(ready.map((event) => [event?.ready, new URL(event?.url ?? '').protocol])).toEqual([
    ...[
      [true, 'https:'],
      [true, 'https:'],
    ],
  ]);
  const [port = 0, ofBob = 0] = ready.map((event) => portOf(event?.url));
  expect(await view(service, 'alice')).toMatchObject({ url: `https://127.0.0.1:${port}` });
  expect(await askOverTls(port, '/key.pem')).toMatch('certificate required');
  expect(await askOverTls(port, '/key.pem', pairOf('proxy'))).toMatch(alice.key);
  expect(await askOverTls(ofBob, '/key.pem', pairOf('proxy'))).toMatch(bob.key);
  expect(filesThatHold(service.directory, lineOfKey(alice.key))).toEqual([]);
  expect(processesThatTell(lineOfKey(alice.key))).toEqual([]);
  const said = [
    service.logged(),
    JSON.stringify(await view(service, 'alice')),
    await logOf(service, 'alice'),
  ];
  expect(said.filter((words) => words.includes(lineOfKey(alice.key)))).toEqual([]);
});

test('the service writes its route, on which a proxy that has a certificate reaches it', async ({
  service,
  proxy,
}) => {
  const body = { spawn_id: newId(), profile: 'own', tls: pairOf('frank'), route_prefix: '/user/frank/' };
  const url = (await service.start('frank', body)).at(-1)?.url;
  expect((await proxy.routes())['/user/frank']).toMatchObject({ target: url });
  const answer = await fetch(`${proxy.url}/user/frank/none`);
  expect([answer.status, answer.headers.get('server')]).toEqual([404, expect.stringMatching('SimpleHTTP')]);
  await service.call('DELETE', serverPath('frank'));
  expect(Object.keys(await proxy.routes())).toEqual(['/']);
});

test('a service that is killed while it starts knows by which certificate it is ready', async ({
  service,
}) => {
  const carol = pairOf('carol');
  const body = { spawn_id: newId(), profile: 'gated', tls: carol };
  expect((await service.call('POST', serverPath('carol'), body)).status).toBe(202);
  const gate = await atGate(service, 'carol');
  await service.restart();
  expect((await service.call('POST', serverPath('carol'), body)).status, 'the same start again').toBe(200);
  gate.open();
  await expect.poll(async () => (await view(service, 'carol')).state, patience).toBe('ready');
  const { port, url } = (await view(service, 'carol')) as { port: number; url: string };
  expect(url).toBe(`https://127.0.0.1:${port}`);
  expect(await askOverTls(port, '/key.pem', pairOf('proxy'))).toMatch(carol.key);
  expect((await service.call('DELETE', serverPath('carol'))).status).toBe(204);
  expect(filesThatHold(service.directory, lineOfKey(carol.key))).toEqual([]);
});

test.for(['plain', 'impostor'])(
  'a server that is not it is not ready, and why is said: %s',
  async (name, { service }) => {
    const failed = await start(service, 'dave', pairOf('dave'), name);
    expect(failed?.error).toMatchObject({
      code: 'SERVER_NOT_READY',
      message: 'the server did not answer with its certificate, over TLS, within 3 s',
      hint: expect.stringContaining('JUPYTERHUB_SSL_CERTFILE'),
    });
  },
);

test('a profile whose servers are jobs is refused, and tells no address', async () => {
  const [port] = await freePorts(1);
  const cluster = await startService(
    '  - {name: here}\n  - {name: cluster, launcher: slurm}\n',
    `slurm: {report_listen: "127.0.0.1:${port}"}`,
    { accounts: '{mode: system}' },
  );
  onTestFinished(() => cluster.dispose());
  const body = { spawn_id: newId(), profile: 'cluster', tls: pairOf('erin') };
  const refused = await cluster.call('POST', serverPath('erin'), body);
  expect([refused.status, refused.body.code]).toEqual([400, 'TLS_UNSUPPORTED']);
  const offered = await cluster.call('GET', '/users/erin/profiles');
  expect(offered.body).toMatchObject([{ host: '127.0.0.1' }, { host: null }]);
});

async function logOf(service: TestService, user: string): Promise<string> {
  const answer = await fetch(`${service.url}/api${serverPath(user)}/log`, {
    headers: { authorization: `token ${hubToken}` },
  });
  return answer.text();
}
