// The requests about shared ports of a server: list, share, revoke. Not here: who may share (shares/rules.ts), the forms
// of the page (page/sharing-forms.ts).
import type { RequestHandler } from 'express';
import { PortwrapError } from '../../../config/errors.ts';
import { serverLabel } from '../../records/record.ts';
import { viewOfShare } from '../../shares/share.ts';
import type { Shares } from '../../shares/shares.ts';
import { callerName } from '../caller.ts';
import { parseShare } from '../parse.ts';
import type { FindServer } from '../server-routes.ts';

export function shareRoutes(
  find: FindServer,
  shares: Pick<Shares, 'of' | 'add' | 'revoke'>,
): Record<'listShares' | 'share' | 'unshare', RequestHandler> {
  return {
    listShares(request, response) {
      response.json(shares.of(find(request, response).record).map(viewOfShare));
    },
    async share(request, response) {
      const { record } = find(request, response);
      const share = await shares.add(record, parseShare(request), callerName(response));
      response.status(201).json(viewOfShare(share));
    },
    async unshare(request, response) {
      const { record } = find(request, response);
      const isFound = await shares.revoke(record, String(request.params.id), callerName(response));
      if (isFound) return void response.status(204).end();
      throw new PortwrapError('NOT_FOUND', `${serverLabel(record)} does not share this port any more`);
    },
  };
}
