// What may be a secret, and is then not printed: better one value too many that stays in the hub's file.
// Not here: what happens to it (../translate.ts).
import type { Value } from './settings.ts';

/** Whether the name of a variable or a setting says that it is one. */
export function isSecretName(name: string): boolean {
  return /token|secret|passw|passphrase|credential|(?:^|[_-])(?:pwd|pw|auth|key|cert|cookie|signature)(?:$|[_-])|apikey/i.test(
    name,
  );
}

/** Whether a text has one inside: in a URL, as an option, as a key, or as a long word of random characters. */
export function looksSecret(text: string): boolean {
  return (
    /:\/\/[^/\s@]*:[^/\s@]+@/.test(text) ||
    /-----BEGIN/.test(text) ||
    /(?:token|secret|passw(?:or)?d|passphrase|credential|api[_-]?key)\w*["']?\s*[=:]\s*\S/i.test(text) ||
    /^--?[\w.-]*(?:token|secret|passw)/i.test(text) ||
    text.split(/[\s,;"'=:/]+/).some(isRandomWord)
  );
}

/** A secret anywhere inside, in a name or in a text. */
export function hasSecret(value: Value): boolean {
  if (typeof value === 'string') return looksSecret(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([name, inner]) => (isSecretName(name) && inner !== null && inner !== '') || hasSecret(inner),
  );
}

function isRandomWord(word: string): boolean {
  const isUuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(word);
  return isUuid || word.split(/[.-]/).some((part) => /^(?=\D*\d)(?=.*[A-Za-z])\w{16,}$/.test(part));
}
