// The certificate with which a server speaks TLS: checked as its hub sends it, and handed to the sandbox. The key is a
// secret: it passes through memory and a pipe, and is in no file of ours. Not here: its names
// (the hub), and requests to a server that has one (portwrap/sandbox/readiness.ts).
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { SyntheticFile } from '../../portwrap/index.ts';

const pem = z.string().max(65_536);

/** PEM texts, as JupyterHub makes them when internal_ssl is on. */
export const certificateSchema = z
  .strictObject({
    key: pem
      .refine((text) => privateKey(text) !== null, { error: 'must be a private key in PEM, not encrypted' })
      .meta({ description: 'The private key of "cert".' }),
    cert: pem
      .refine((text) => certificates(text) !== null, { error: 'must be a certificate in PEM' })
      .meta({ description: 'The certificate that the server presents.' }),
    ca: pem
      .refine((text) => certificates(text) !== null, { error: 'must be certificates in PEM' })
      .meta({ description: 'The authorities that issued the certificates of its hub and of the proxy.' }),
  })
  .refine(({ key, cert }) => isPair(key, cert), { error: 'must be the key of "cert"', path: ['key'] })
  .readonly();

export type ServerCertificate = z.infer<typeof certificateSchema>;

/** SHA-256, as node:tls writes it: tells who answers, and gives nothing away. */
export function fingerprintOf({ cert }: ServerCertificate): string {
  return new X509Certificate(cert).fingerprint256;
}

export interface Handover {
  readonly files: readonly SyntheticFile[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What the sandbox gets besides: files below `hidden`, a directory whose inside is the sandbox's own. */
export function handOver({ key, cert, ca }: ServerCertificate, hidden: string): Handover {
  const at = (name: string) => join(realpathSync(hidden), 'tls', name);
  return {
    files: [
      { path: at('key.pem'), content: key },
      { path: at('cert.pem'), content: cert },
      { path: at('ca.pem'), content: ca },
    ],
    // https://github.com/jupyterhub/jupyterhub/blob/3.0.0/jupyterhub/singleuser/mixins.py: the server's defaults
    environment: {
      JUPYTERHUB_SSL_KEYFILE: at('key.pem'),
      JUPYTERHUB_SSL_CERTFILE: at('cert.pem'),
      JUPYTERHUB_SSL_CLIENT_CA: at('ca.pem'),
    },
  };
}

function isPair(key: string, cert: string): boolean {
  const known = privateKey(key);
  const [first] = certificates(cert) ?? [];
  // what is no key, or no certificate, is told as such
  return known === null || first === undefined || first.checkPrivateKey(known);
}

function privateKey(text: string) {
  try {
    return createPrivateKey(text);
  } catch {
    return null;
  }
}

/** Null when there is none, or one of them cannot be read. */
function certificates(text: string): X509Certificate[] | null {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  try {
    return blocks?.map((block) => new X509Certificate(block)) ?? null;
  } catch {
    return null;
  }
}
