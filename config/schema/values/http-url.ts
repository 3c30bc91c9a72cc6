// The http or https URL of an API, without a trailing slash, user name or query.
import { z } from 'zod';

const rule = 'must be an http:// or https:// URL without user name, query, fragment and "/" at its end';

/** A URL that ends with its host or port. */
export const httpOrigin = z
  .string()
  .refine((text) => isPlainHttpUrl(text) && new URL(text).pathname === '/', {
    error: 'must be an http:// or https:// URL that ends with the host or the port',
  });

export const httpUrl = z.string().refine(isPlainHttpUrl, { error: rule });

function isPlainHttpUrl(text: string): boolean {
  if (!/^https?:\/\/[^\s@?#\\]*[^\s@?#\\/]$/.test(text) || !URL.canParse(text)) return false;
  return new URL(text).hostname !== '';
}
