// The style sheet, the script and the icon, read once. They hold nothing secret, and are served to anybody.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RequestHandler } from 'express';
import { PortwrapError } from '../../config/errors.ts';
import { packageRoot } from '../../config/system/package.ts';

const types: Readonly<Record<string, string>> = {
  'page.css': 'text/css; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

/** Serves /static/:name. */
export function staticFiles(): RequestHandler {
  const directory = join(packageRoot(), 'spawner/page/static');
  const files = new Map(Object.keys(types).map((name) => [name, readFileSync(join(directory, name))]));
  return (request, response) => {
    const name = String(request.params.name);
    const file = files.get(name);
    if (file === undefined) throw new PortwrapError('NOT_FOUND', 'this file does not exist');
    response.set({ 'content-type': types[name] ?? '', 'cache-control': 'public, max-age=3600' });
    response.send(file);
  };
}
