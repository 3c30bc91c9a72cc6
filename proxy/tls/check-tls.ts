// Finds the mistakes that people make with TLS files: OpenSSL reports them late, or in words that name no file.
// Not here: reading the files (read-tls.ts).

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { PortwrapError } from '../../config/errors.ts';
import { errorText } from '../../config/system/error-text.ts';
import { certificatesIn, hasPrivateKey, isCut, isEncrypted } from './pem.ts';
import { listenerOptions, type TlsContents, type TlsFiles } from './tls-files.ts';

/** Throws TLS_INVALID. `bundle` is the text of the file of CA certificates. */
export function checkTls(files: TlsFiles, contents: TlsContents, bundle: string | undefined): void {
  const { options, listener } = files;
  const keyFile = `${files.key} of --${options}-key`;
  const certFile = `${files.cert} of --${options}-cert`;
  if (contents.key === undefined || contents.cert === undefined) checkHalf(files);
  else {
    const certificate = parseCertificates(contents.cert, certFile);
    const key = parseKey(contents.key, keyFile, files);
    if (!certificate.checkPrivateKey(key))
      throw invalid(
        `the key in ${keyFile} does not belong to the first certificate in ${certFile} (${nameOf(certificate)})`,
        "The server's own certificate must come first, then its chain.",
      );
  }
  if (bundle !== undefined) parseCertificates(bundle, `${files.ca} of --${options}-ca`);
  if (contents.dhparam !== undefined && !contents.dhparam.includes('-----BEGIN DH PARAMETERS-----'))
    throw invalid(
      `${listener?.dhparam} of --${options}-dhparam holds no Diffie-Hellman parameters in PEM`,
      'Make it with: openssl dhparam -out FILE 2048',
    );
  if (listener?.protocol !== undefined)
    attempt({ secureProtocol: `${listener.protocol}_method` }, () => [
      `--${options}-protocol: "${listener.protocol}" is not a TLS version that can be chosen`,
      'Such as TLSv1_2; without the option, TLS 1.2 and 1.3 are offered.',
    ]);
  if (listener?.ciphers !== undefined)
    attempt({ ciphers: listener.ciphers }, () => [
      `--${options}-ciphers: OpenSSL knows none of the ciphers in "${listener.ciphers}"`,
      'openssl ciphers lists the known ones.',
    ]);
  const { key, cert } = files;
  attempt(listenerOptions(files, contents), (reason) => [
    `OpenSSL refuses ${[key, cert].filter((file) => file !== undefined).join(' and ')}: ${reason}`,
    undefined,
  ]);
}

/** A listener needs both; connections to targets need none, or both. */
function checkHalf({ options, key, cert, listener }: TlsFiles): void {
  if (listener === undefined && key === undefined && cert === undefined) return;
  const given = [
    key === undefined ? [] : [`--${options}-key ${key}`],
    cert === undefined ? [] : [`--${options}-cert ${cert}`],
  ].flat();
  const missing = [
    key === undefined ? [`--${options}-key`] : [],
    cert === undefined ? [`--${options}-cert`] : [],
  ].flat();
  throw invalid(
    `${given.length === 0 ? `--${options}-ca` : given.join()} needs ${missing.join(' and ')} too`,
    'A file that holds both may be given to both options.',
  );
}

/** The first one. */
function parseCertificates(text: string, file: string): X509Certificate {
  const blocks = certificatesIn(text);
  if (isCut(text)) throw invalid(`${file} is incomplete: a PEM block has no end`, undefined);
  const [first] = blocks.map((block, at) => {
    try {
      return new X509Certificate(Buffer.from(block, 'latin1'));
    } catch (error) {
      throw invalid(`certificate ${at + 1} in ${file} is damaged: ${reasonOf(error)}`, undefined);
    }
  });
  if (first !== undefined) return first;
  const swapped = hasPrivateKey(text) ? ', but a private key' : '';
  throw invalid(`${file} holds no certificate in PEM${swapped}`, undefined);
}

function parseKey(text: string, file: string, { listener }: TlsFiles): KeyObject {
  if (isCut(text)) throw invalid(`${file} is incomplete: a PEM block has no end`, undefined);
  if (!hasPrivateKey(text)) {
    const swapped = certificatesIn(text).length > 0 ? ', but a certificate' : '';
    throw invalid(`${file} holds no private key in PEM${swapped}`, undefined);
  }
  const passphrase = listener?.passphrase;
  const variable = listener?.passphraseVariable;
  if (isEncrypted(text) && passphrase === undefined)
    throw invalid(
      `the key in ${file} is encrypted, and there is no passphrase`,
      variable === undefined
        ? 'Decrypt it with: openssl pkey -in FILE -out FILE'
        : `Set ${variable} in the environment.`,
    );
  try {
    return createPrivateKey({ key: text, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (error) {
    if (!isEncrypted(text)) throw invalid(`the key in ${file} is damaged: ${reasonOf(error)}`, undefined);
    throw invalid(`the passphrase in ${variable} does not open the key in ${file}`, undefined);
  }
}

function attempt(
  options: SecureContextOptions,
  mistake: (reason: string) => readonly [message: string, hint: string | undefined],
): void {
  try {
    createSecureContext(options);
  } catch (error) {
    throw invalid(...mistake(reasonOf(error)));
  }
}

function nameOf({ subject, subjectAltName }: X509Certificate): string {
  return (subjectAltName ?? subject ?? 'without a name').replaceAll('\n', ', ');
}

/** OpenSSL's words, without its numbers. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && 'reason' in error) return String(error.reason);
  return errorText(error);
}

function invalid(message: string, hint: string | undefined): PortwrapError {
  return new PortwrapError('TLS_INVALID', message, { hint });
}
