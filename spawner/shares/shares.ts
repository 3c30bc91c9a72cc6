// The ports that users share, in one file of the state directory: a restart of the service changes nothing, and what
// belongs to a server that has ended, or is over, counts no more. Not here: the rules (rules.ts), who asks (page/, http/).
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PortwrapError } from '../../config/errors.ts';
import type { Profile } from '../../config/load.ts';
import type { Logger } from '../../config/logger.ts';
import { writeAtomically } from '../../config/system/atomic-write.ts';
import type { Audit } from '../audit/audit.ts';
import { type ServerRecord, serverLabel } from '../records/record.ts';
import { storageFailure } from '../system/storage-failure.ts';
import { allowedSharing, letsIn, refuseUnlessAllowed, type SharingAllowed, type Visitor } from './rules.ts';
import { type Share, type ShareRequest, shareSchema } from './share.ts';

export interface Shares {
  /** Those of a server that count now, the oldest first. */
  of(record: ServerRecord): readonly Share[];
  /** What its user, who is in these groups of the hub, may share of it now; null: nothing. */
  allowed(record: ServerRecord, groups: readonly string[]): SharingAllowed | null;
  /**
   * Settles when it is on disk. Rejects with SHARE_REFUSED, REQUEST_INVALID, LIMIT_REACHED or STORAGE_FAILED; then
   * nothing is shared. `by` is as in the audit trail.
   */
  add(record: ServerRecord, request: ShareRequest, by: string): Promise<Share>;
  /** Counts at once, and settles when it is on disk. False: there is none. */
  revoke(record: ServerRecord, id: string, by: string): Promise<boolean>;
  /** Whether somebody is let in to a port of the server by a share. */
  letIn(record: ServerRecord, port: number, visitor: Visitor): boolean;
  /** Calls `listen` after each revocation. */
  onRevoke(listen: () => void): void;
}

export interface SharesInput {
  /** The state directory. */
  readonly directory: string;
  readonly profiles: () => readonly Profile[];
  /** Whether ports of that server are opened to browsers. */
  readonly isOffered: (record: ServerRecord) => boolean;
  /** The records of servers that run. */
  readonly records: () => readonly ServerRecord[];
  readonly audit: Pick<Audit, 'record'>;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

const mostPerServer = 50;

/** A file that cannot be read shares nothing, and is logged. */
export function openShares({ directory, audit, log, now = Date.now, ...input }: SharesInput): Shares {
  const file = join(directory, 'shares.json');
  let shares = read(file, log);
  const listeners: (() => void)[] = [];
  let writing: Promise<unknown> = Promise.resolve();

  const counts = ({ until }: Share) => Date.parse(until) > now();
  const of = ({ id }: ServerRecord) => shares.filter((share) => share.server === id && counts(share));
  const rulesOf = ({ profile }: ServerRecord) =>
    input.profiles().find(({ name }) => name === profile)?.port_sharing ?? [];

  const canBeShared = (record: ServerRecord) => input.isOffered(record) && record.state === 'ready';

  /** One write after the other, each of what counts by then. */
  function save(): Promise<void> {
    const written = writing.then(() => write(file, shares));
    writing = written.catch(() => {});
    return written;
  }

  /** What is over is not kept. */
  function current(): Share[] {
    const alive = new Set(input.records().map(({ id }) => id));
    return shares.filter((share) => counts(share) && alive.has(share.server));
  }

  function check(
    record: ServerRecord,
    { port, owner_groups: groups, until, ...grantees }: ShareRequest,
  ): void {
    const server = serverLabel(record);
    const seconds = (Date.parse(until) - now()) / 1000;
    if (seconds <= 0) throw new PortwrapError('REQUEST_INVALID', 'until: must be in the future', { server });
    if (!canBeShared(record) || port === record.sandbox?.guestPort)
      throw new PortwrapError('SHARE_REFUSED', `port ${port} of ${server} cannot be shared`, { server });
    refuseUnlessAllowed(rulesOf(record), { user: record.user, groups }, grantees, seconds);
    if (of(record).length >= mostPerServer)
      throw new PortwrapError('LIMIT_REACHED', `${server} shares ${mostPerServer} ports already`, {
        hint: 'Revoke some of them first.',
        server,
      });
  }

  return {
    of,
    allowed: (record, groups) =>
      canBeShared(record) ? allowedSharing(rulesOf(record), { user: record.user, groups }) : null,
    async add(record, request, by) {
      const { port, users, groups, everybody, until } = request;
      const { hub, user, name, spawn_id } = record;
      const entry = {
        event: 'share',
        by,
        hub,
        user,
        name,
        spawn_id,
        port,
        users,
        groups,
        everybody,
        until,
      } as const;
      try {
        check(record, request);
        const id = randomBytes(9).toString('base64url');
        const created = new Date(now()).toISOString();
        const share = { ...request, id, created, server: record.id, user };
        shares = [...current(), share];
        await save().catch((error: unknown) => {
          shares = shares.filter((one) => one !== share);
          throw error;
        });
        audit.record({ ...entry, result: 'accepted' });
        return share;
      } catch (error) {
        if (error instanceof PortwrapError) audit.record({ ...entry, result: error.code });
        throw error;
      }
    },
    async revoke(record, id, by) {
      const found = of(record).find((share) => share.id === id);
      if (found === undefined) return false;
      shares = current().filter((share) => share !== found);
      for (const listen of listeners) listen();
      const { hub, user, name, spawn_id } = record;
      audit.record({ event: 'unshare', by, hub, user, name, spawn_id, port: found.port });
      await save();
      return true;
    },
    letIn: (record, port, visitor) =>
      of(record).some((share) => share.port === port && letsIn(share, visitor, rulesOf(record))),
    onRevoke: (listen) => void listeners.push(listen),
  };
}

function read(file: string, log: Logger): readonly Share[] {
  try {
    return z.array(shareSchema).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.error({ err: error, file }, 'the shared ports cannot be read: nothing is shared');
    return [];
  }
}

async function write(file: string, shares: readonly Share[]): Promise<void> {
  try {
    await writeAtomically(file, JSON.stringify(shares));
  } catch (cause) {
    throw storageFailure(cause, 'the shared ports could not be saved', file);
  }
}
