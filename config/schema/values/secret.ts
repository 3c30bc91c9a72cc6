// The three keys for a secret, and the rule how many of them a mapping may have.
// Not here: reading the file or the variable (resolve-secrets.ts).
import { z } from 'zod';

/** The form of a secret, so that it fits into an HTTP header. Messages must never quote a value that does not match. */
export const secretPattern = /^[\x21-\x7e]{16,512}$/;
export const secretRule = 'must be 16 to 512 printable ASCII characters without spaces';

export type SecretKey = 'token_env' | 'token_file' | 'token';

/** The three keys, all optional; `example` has example names for the variable and the file. */
export function secretShape(example: { env: string; file: string }) {
  return {
    token_env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'must be the name of an environment variable' })
      .optional()
      .meta({
        description: 'The name of the environment variable of the service that holds the token.',
        examples: [example.env],
      }),
    token_file: z
      .string()
      .regex(/^\/[^\0]*$/, { error: 'must be the absolute path of a file' })
      .optional()
      .meta({
        description:
          'The absolute path of a file that holds the token and nothing else. Other users must not be able to read it.',
        examples: [example.file],
      }),
    token: z
      .string()
      .regex(secretPattern, { error: secretRule })
      .optional()
      .meta({
        description:
          'The token itself, 16 or more characters. Other users must then not be able to read this file.',
        // The pattern refuses this example, so that no service runs with a token that is public.
        examples: ['<openssl rand -hex 32>'],
      }),
  } satisfies Record<SecretKey, z.ZodType>;
}

export const exactlyOneSecret = secretCount(1, 'must have exactly one of token_env, token_file and token');
export const atMostOneSecret = secretCount(0, 'must have at most one of token_env, token_file and token');

const secretKeys: readonly SecretKey[] = ['token_env', 'token_file', 'token'];

function secretCount(least: 0 | 1, rule: string) {
  return {
    check(value: unknown, ctx: { addIssue(message: string): void }): void {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
      const given = secretKeys.filter((key) => Object.hasOwn(value, key));
      if (given.length >= least && given.length <= 1) return;
      ctx.addIssue(given.length === 0 ? `has no token, ${rule}` : `has ${given.join(' and ')}, ${rule}`);
    },
  };
}
