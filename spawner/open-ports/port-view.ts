// An open port as programs see it: docs/protocol.md, "A port". Not here: finding ports (port-lists.ts).
import { z } from 'zod';
import type { AddressOf } from './offered.ts';
import { portKinds } from './port-kind.ts';
import type { OpenPort } from './port-lists.ts';

export const portSchema = z.object({
  port: z.int(),
  kind: z.enum(portKinds).meta({
    description:
      'http: it has a page. unknown: it was not asked, or did not respond. other: it speaks something else. server: the port that is forwarded. kernel, debugger: for other programs only.',
  }),
  title: z.string().nullable().meta({ description: 'Of its page.' }),
  programs: z.array(z.string()).meta({ description: 'Names of the programs that hold it.' }),
  loopback_only: z.boolean(),
  since: z.iso.datetime().nullable().meta({
    description:
      'The start of its program, or the last look at which the port was not open, whichever is later.',
  }),
  path: z.string().nullable().meta({
    description: 'Where browsers open it, on the host of the hub. null: they do not, or at "url".',
  }),
  url: z.url().nullable().meta({
    description: 'Where browsers open it, if it has a host of its own.',
  }),
});
export type PortView = z.infer<typeof portSchema>;

/** `addressOf`: null if browsers do not open the ports of the server. */
export function portView(
  { port, kind, title, programs, ...rest }: OpenPort,
  addressOf: AddressOf | null,
): PortView {
  const address = kind === 'server' ? null : (addressOf?.(port) ?? null);
  const isPath = address?.startsWith('/') ?? false;
  return {
    ...{ port, kind, title, programs: [...programs] },
    loopback_only: rest.loopbackOnly,
    since: rest.since === null ? null : new Date(rest.since).toISOString(),
    path: isPath ? address : null,
    url: isPath ? null : address,
  };
}
