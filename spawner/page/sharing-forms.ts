// The forms with which users share ports of their own servers and revoke that. Administrators revoke here too, but share
// nothing of others. Not here: the rules (shares/rules.ts), the view (views/ports/sharing.ts).
import type { Request, RequestHandler, Response } from 'express';
import { PortwrapError } from '../../config/errors.ts';
import type { ServerRecord } from '../records/record.ts';
import type { SharingAllowed } from '../shares/rules.ts';
import { type Share, shareRequest } from '../shares/share.ts';
import type { Shares } from '../shares/shares.ts';
import type { Session } from './auth/sessions.ts';
import { sessionOf } from './auth/sign-in.ts';

export interface SharingFormsInput {
  readonly shares: Shares;
  /** The server that the request names, if this person may see it. */
  readonly find: (request: Request, response: Response) => ServerRecord;
  /** The path of a server's page. */
  readonly pageOf: (record: ServerRecord) => string;
}

export interface Sharing {
  readonly shares: readonly Share[];
  /** null: this person shares nothing of this server. */
  readonly allowed: SharingAllowed | null;
}

export interface SharingForms {
  readonly add: RequestHandler;
  readonly revoke: RequestHandler;
  /** What the page of a server has about sharing for that person. */
  sharingOf(session: Session, record: ServerRecord): Sharing;
}

/** Hours that the form offers. */
export const hoursOffered = [1, 8, 24, 168, 720] as const;

export function createSharingForms({ shares, find, pageOf }: SharingFormsInput): SharingForms {
  const isOwn = ({ person }: Session, { user }: ServerRecord) => person.name === user;
  const by = ({ person }: Session) => `user ${person.name}`;
  const back = (response: Response, record: ServerRecord) =>
    response.redirect(303, `${pageOf(record)}#sharing-heading`);
  return {
    async add(request, response) {
      const session = sessionOf(response);
      const record = find(request, response);
      if (!isOwn(session, record))
        throw new PortwrapError('SHARE_REFUSED', `only ${record.user} shares ports of this server`);
      const asked = shareRequest.safeParse({
        ...fields(request.body as Readonly<Record<string, unknown>>),
        owner_groups: session.person.groups,
      });
      if (!asked.success) {
        throw new PortwrapError('REQUEST_INVALID', 'the form does not say which port is shared with whom', {
          hint: 'Give the number of a port, and users, groups or everybody.',
        });
      }
      await shares.add(record, asked.data, by(session));
      back(response, record);
    },
    async revoke(request, response) {
      const record = find(request, response);
      const { share } = request.body as { share?: unknown };
      await shares.revoke(record, String(share), by(sessionOf(response)));
      back(response, record);
    },
    sharingOf(session, record) {
      const allowed = isOwn(session, record) ? shares.allowed(record, session.person.groups) : null;
      return { shares: shares.of(record), allowed };
    },
  };
}

function fields({ port, users, groups, everybody, hours }: Readonly<Record<string, unknown>>) {
  // a name may have spaces inside
  const separate = (text: unknown) =>
    String(text ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean);
  const names = (text: unknown) => [...new Set(separate(text))];
  const offered = hoursOffered.find((one) => one === Number(hours)) ?? hoursOffered[0];
  return {
    port: Number(port),
    users: names(users),
    groups: names(groups),
    everybody: everybody === 'true',
    until: new Date(Date.now() + offered * 3_600_000).toISOString(),
  };
}
