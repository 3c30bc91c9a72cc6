// What the journal says when the forwarder of a server has died. Not here: attaching it again (portwrap/).
import { toPortwrapError } from '../../config/errors.ts';
import type { Logger } from '../../config/logger.ts';
import type { LaunchContext } from '../../portwrap/index.ts';
import { type ServerRecord, serverLabel } from '../records/record.ts';

export type ForwardEvent = Parameters<NonNullable<LaunchContext['report']>>[1];

const texts = {
  reattached: 'the forwarder of the server died and was replaced',
  retrying: 'the forwarder of the server died and could not be replaced; trying again',
  lost: 'the forwarder of the server died and could not be replaced; stopping the server',
} as const;

export function logForward(
  log: Logger,
  record: ServerRecord | undefined,
  { kind, error }: ForwardEvent,
): void {
  const server =
    record === undefined
      ? {}
      : { hub: record.hub, user: record.user, server: serverLabel(record), spawn_id: record.spawn_id };
  if (error === undefined) {
    log.warn({ ...server, forwarder: kind }, texts[kind]);
    return;
  }
  const { code, message, hint } = toPortwrapError(error);
  const entry = { ...server, forwarder: kind, code, reason: message, hint, err: error };
  if (kind === 'lost') log.error(entry, texts[kind]);
  else log.warn(entry, texts[kind]);
}
