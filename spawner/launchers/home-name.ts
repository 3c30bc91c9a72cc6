// The name of a user's home, and of the account inside a sandbox, for the modes that need no account of the machine. Names
// of an identity provider may hold anything: "jürgen müller", "org/team", "a:b". Not here: accounts of the machine
// (system-accounts.ts).
import { createHash } from 'node:crypto';

/**
 * The name of the user itself where a directory and a user database can hold it. Otherwise its letters and digits, and a
 * digest that keeps users apart. A name that looks like one of ours is never taken as it is: nobody gets the home of
 * another user by choosing a name.
 */
export function homeName(user: string, forDatabase: boolean): string {
  const isPlain = !isNoDirectory(user) && !(forDatabase && isNoDatabaseName(user));
  if (isPlain && !ours.test(user)) return user;
  const letters = user
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, mostLetters)
    .replace(/-$/, '');
  const digest = createHash('sha256').update(user).digest('hex').slice(0, digestLength);
  return `${letters || 'user'}--${digest}`;
}

const mostLetters = 24;
const digestLength = 20;
const ours = new RegExp(`--[0-9a-f]{${digestLength}}$`, 'i');

function isNoDirectory(user: string): boolean {
  return user === '' || user === '.' || user === '..' || /[/\0]/.test(user) || Buffer.byteLength(user) > 200;
}

/** passwd(5): a colon ends a field, a line feed an entry; a comma ends a part of the comment. */
function isNoDatabaseName(user: string): boolean {
  return /[:,\s\p{Cc}]/u.test(user);
}
