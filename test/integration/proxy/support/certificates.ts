// A certificate authority and certificates of its making, for one test file, by openssl.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export interface Certificates {
  /** File of the authority's certificate. */
  readonly ca: string;
  /** Makes a key and a certificate for these names; returns their files. */
  issue(name: string, altNames: string): { key: string; cert: string };
}

export function certificates(): Certificates {
  const dir = mkdtempSync(join(tmpdir(), 'portwrap-proxy-certs-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const at = (name: string): string => join(dir, name);
  const openssl = (...argv: string[]): unknown => execFileSync('openssl', argv, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.crt'),
    '-subj',
    '/CN=test-ca',
    '-days',
    '2',
    // these, and the key identifiers below, are what Python 3.13 asks of certificates
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  );
  return {
    ca: at('ca.crt'),
    issue: (name, altNames) => {
      writeFileSync(
        at(`${name}.ext`),
        `subjectAltName=${altNames}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n`,
      );
      openssl('req', ...key, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`), '-subj', `/CN=${name}`);
      openssl(
        'x509',
        '-req',
        '-in',
        at(`${name}.csr`),
        '-CA',
        at('ca.crt'),
        '-CAkey',
        at('ca.key'),
        '-CAcreateserial',
        '-out',
        at(`${name}.crt`),
        '-days',
        '2',
        '-extfile',
        at(`${name}.ext`),
      );
      return { key: at(`${name}.key`), cert: at(`${name}.crt`) };
    },
  };
}
