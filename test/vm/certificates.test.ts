// Renewed certificates on a machine with systemd: both ways of docs/proxy.md, as written there, with keys that only root
// can read, for the proxy that setup has installed. Not here: renewing without systemd (test/integration/proxy).
import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { check } from './check.ts';
import { type Machine, until } from './machine.ts';

const guide = readFileSync(new URL('../../docs/proxy.md', import.meta.url), 'utf8');
const live = '/etc/letsencrypt/live/hub.example.org';

describe('a certificate of which only root can read the key', () => {
  check('reaches the proxy by the hook, without a restart', async ({ installed: { machine } }) => {
    await renew(machine, '11');
    const hook = between('```sh\n#!/bin/sh\n# install-hub-certificate', '```').replace('```sh\n', '');
    await machine.output('cat > /usr/local/sbin/install-hub-certificate', { input: hook });
    const run = `chmod 755 /usr/local/sbin/install-hub-certificate && RENEWED_LINEAGE=${live} install-hub-certificate`;
    await machine.output(run);
    const files = '/etc/portwrap-spawner/tls';
    await edit(machine, `--ssl-key ${files}/key.pem --ssl-cert ${files}/cert.pem`);
    await serves(machine, '11');
    const pid = await machine.output('systemctl show -P MainPID portwrap-proxy');

    await renew(machine, '22');
    await machine.output(run);
    await serves(machine, '22');
    expect(await machine.output('systemctl show -P MainPID portwrap-proxy')).toBe(pid);
    await takeBack(machine, '/usr/local/sbin/install-hub-certificate /etc/portwrap-spawner/tls');
  });

  check(
    'reaches the proxy as a credential of systemd, with a restart',
    async ({ installed: { machine } }) => {
      await renew(machine, '33');
      const credentials = between('LoadCredential=key', 'ExecStart=');
      await edit(machine, between('--ssl-key $', ' ...'), credentials);
      await serves(machine, '33');
      await renew(machine, '44');
      await machine.output('systemctl restart portwrap-proxy');
      await serves(machine, '44');
      await takeBack(machine);
    },
  );
});

/** From the first mention of a text in the guide up to another one. */
function between(from: string, to: string): string {
  const start = guide.indexOf(from);
  const end = guide.indexOf(to, start + from.length);
  if (start < 0 || end < 0) throw new Error(`docs/proxy.md lacks ${from}`);
  return guide.slice(start, end);
}

/** A key and a certificate as certbot leaves them; the serial number tells them apart. */
async function renew(machine: Machine, serial: string): Promise<void> {
  const certificate = `openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=hub.example.org -set_serial 0x${serial}`;
  await machine.output(
    `umask 077; mkdir -p ${live} && ${certificate} -keyout ${live}/privkey.pem -out ${live}/fullchain.pem 2>&1`,
  );
}

/** systemctl edit, with the rest of the unit's command line. */
async function edit(machine: Machine, words: string, more = ''): Promise<void> {
  const command = await machine.output(
    "systemctl cat portwrap-proxy | sed -n 's/^ExecStart=\\(.\\)/\\1/p' | tail -n 1",
  );
  await machine.output('mkdir -p /etc/systemd/system/portwrap-proxy.service.d');
  await machine.output('cat > /etc/systemd/system/portwrap-proxy.service.d/override.conf', {
    input: `[Service]\n${more}ExecStart=\nExecStart=${command} ${words}\n`,
  });
  await machine.output('systemctl daemon-reload && systemctl restart portwrap-proxy');
}

async function serves(machine: Machine, serial: string): Promise<void> {
  const asked =
    'openssl s_client -connect 127.0.0.1:8000 < /dev/null 2>/dev/null | openssl x509 -noout -serial';
  await until(`the proxy shows the certificate ${serial}`, async () => {
    return (await machine.run(asked)).output.trim() === `serial=${serial}`;
  });
}

async function takeBack(machine: Machine, files = ''): Promise<void> {
  await machine.output(`rm -rf /etc/letsencrypt /etc/systemd/system/portwrap-proxy.service.d ${files}`);
  await machine.output('systemctl daemon-reload && systemctl restart portwrap-proxy');
}
