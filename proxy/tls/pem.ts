// Finds certificates and keys in PEM text (RFC 7468).
// Not here: parsing what is in them (node:crypto).

/** The blocks of certificates, the first one first. */
export function certificatesIn(text: string): string[] {
  return text.match(/-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^-]+-----END \1-----/g) ?? [];
}

/** Whether a block begins that does not end: the file was cut, or is being written. */
export function isCut(text: string): boolean {
  return (text.match(/-----BEGIN /g)?.length ?? 0) !== (text.match(/-----END [^-]+-----/g)?.length ?? 0);
}

export function hasPrivateKey(text: string): boolean {
  return /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/.test(text);
}

export function isEncrypted(text: string): boolean {
  return /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text);
}
