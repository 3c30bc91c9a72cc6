// What a hub sends to start a server, checked at the edge; inside it is complete.
// Not here: HTTP (http/), the profile it names (config/).
import { z } from 'zod';
import { certificateSchema } from './server-certificate.ts';

const text = (most: number) =>
  z
    .string()
    .max(most)
    .refine((value) => !value.includes('\0'), { error: 'must not contain NUL' });

export const spawnId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{8,64}$/, { error: 'must be 8 to 64 of A-Z a-z 0-9 _ -' });

/** One value; a form sends a list of them. Deeper JSON is refused here, before anybody walks through it. */
const option = z.union([text(4096), z.number(), z.boolean(), z.null()], {
  error: 'must be text, a number, true, false, null, or a list of those',
});

/** A group of the hub, of which the user is a member as the hub says. */
export const groupName = text(255).min(1);

export const startRequest = z
  .strictObject({
    spawn_id: spawnId,
    profile: z.string().optional(),
    groups: z.array(groupName).max(1024).default([]),
    user_options: z
      .record(z.string().max(64), option.or(z.array(option).max(64)))
      .refine((options) => Object.keys(options).length <= 64, { error: 'must have at most 64 entries' })
      .default({}),
    // a name with "=" would be another variable to the program that receives it
    env: z
      .record(z.string().regex(/^[^=\0]{1,256}$/), text(65_536))
      .refine((env) => Object.keys(env).length <= 1024, { error: 'must have at most 1024 entries' })
      .default({}),
    command: z.array(text(8192)).min(1).max(256).optional(),
    args: z.array(text(8192)).max(256).default([]),
    route_prefix: z
      .string()
      .max(1024)
      .regex(/^\/(?:[^\s?#]*\/)?$/, { error: 'must begin and end with "/"' })
      .refine((prefix) => URL.canParse(prefix, 'http://host') && isDecodable(prefix), {
        error: 'must be a percent-encoded path',
      })
      .optional(),
    route_host: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,253}$/, { error: 'must be a host name without a port' })
      .optional(),
    /** Of the hub, for this server. The profile's own limits hold too: the lower one of each counts. */
    limits: z
      .strictObject({
        memory: z.int().positive().optional().meta({ description: 'bytes' }),
        cpus: z.number().positive().max(65_536).optional(),
      })
      .optional(),
    /** With it the server speaks TLS. */
    tls: certificateSchema.optional(),
  })
  .refine(({ route_host, route_prefix }) => route_host === undefined || route_prefix !== undefined, {
    path: ['route_host'],
    error: 'needs route_prefix',
  })
  .readonly();

export type StartRequest = z.infer<typeof startRequest>;

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** Names of users and servers: any text that is not unreasonable; what an account allows is asked later. */
export const userName = text(255).min(1);
export const serverName = text(255);
