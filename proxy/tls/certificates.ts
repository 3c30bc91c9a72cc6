// Keys and certificates of all listeners and of the connections to targets: read at the start, again on request, and
// by itself when a file changes. Files that cannot be used leave everything as it was.
// Not here: using them (proxy.ts, workers/).

import { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '../../config/logger.ts';
import { errorText } from '../../config/system/error-text.ts';
import { readTls } from './read-tls.ts';
import type { TlsContents, TlsFiles } from './tls-files.ts';
import { watchFiles } from './watch-files.ts';

/** For the public listener, the REST API, and connections to targets. */
export interface TlsSides<Value> {
  readonly public: Value;
  readonly api: Value;
  readonly upstream: Value;
}

export type TlsSets = TlsSides<TlsContents | undefined>;

export interface Certificates {
  /** The last ones that could be used. */
  current(): TlsSets;
  /** Reads the files again; logs what changed, and why something stays. */
  reload(): Promise<void>;
  /** Calls `handler` with the current ones, and after each change. */
  onRenewed(handler: (sets: TlsSets) => void): void;
  /** Stops watching the files. */
  close(): void;
}

/** Throws as readTls. */
export async function openCertificates(
  files: TlsSides<TlsFiles | undefined>,
  log: Logger,
): Promise<Certificates> {
  let current: TlsSets = { public: undefined, api: undefined, upstream: undefined };
  let renewed: (sets: TlsSets) => void = () => undefined;
  let isClosed = false;
  /** The reason why each side stays as it was, so that it is logged once. */
  const stays: Partial<Record<keyof TlsSets, string>> = {};
  const readAgain = async (isRequested: boolean): Promise<void> => {
    let isChanged = false;
    for (const side of sides) {
      const its = files[side];
      if (its === undefined || isClosed) continue;
      try {
        const contents = await readTls(its);
        delete stays[side];
        if (isDeepStrictEqual(contents, current[side])) continue;
        current = { ...current, [side]: contents };
        isChanged = true;
        log.info(`Renewed ${describe(its, contents)}`);
        warnOfEnd(its, contents, log);
      } catch (error) {
        const reason = errorText(error);
        if (isRequested || stays[side] !== reason)
          log.error(`The files of --${its.options}-* are not used, the earlier ones stay: ${reason}`);
        stays[side] = reason;
      }
    }
    if (isChanged) renewed(current);
    else if (isRequested && watched.length > 0) log.info('No key or certificate has changed');
  };
  let reading: Promise<void> = Promise.resolve();
  const reload = (isRequested: boolean): Promise<void> => {
    reading = reading.then(() => readAgain(isRequested));
    return reading;
  };
  const watched = [...new Set(sides.flatMap((side) => pathsOf(files[side])))];
  const readFirst = async (): Promise<void> => {
    for (const side of sides) {
      const contents = files[side] && (await readTls(files[side]));
      current = { ...current, [side]: contents };
      warnOfEnd(files[side], contents, log);
    }
  };
  // begins before the files are read: no change is missed
  const unwatch = await watchFiles(watched, () => void reload(false));
  const close = (): void => {
    isClosed = true;
    unwatch();
  };
  const first = readFirst();
  reading = first.catch(close);
  await first;
  const onRenewed = (handler: (sets: TlsSets) => void): void => {
    renewed = handler;
    handler(current);
  };
  return { current: () => current, reload: () => reload(true), onRenewed, close };
}

const sides = ['public', 'api', 'upstream'] as const;

function pathsOf(files: TlsFiles | undefined): string[] {
  if (files === undefined) return [];
  return [files.key, files.cert, files.ca, files.listener?.dhparam].filter((path) => path !== undefined);
}

function describe({ options, cert, ca }: TlsFiles, contents: TlsContents): string {
  if (contents.cert === undefined) return `${ca} of --${options}-ca`;
  const { subject, validTo } = new X509Certificate(Buffer.from(contents.cert, 'latin1'));
  return `${cert} of --${options}-cert (${subject.replaceAll('\n', ', ')}, valid until ${day(validTo)})`;
}

/** A server with such a certificate runs, but clients refuse it. */
function warnOfEnd(files: TlsFiles | undefined, contents: TlsContents | undefined, log: Logger): void {
  if (files === undefined || contents?.cert === undefined) return;
  const { validTo } = new X509Certificate(Buffer.from(contents.cert, 'latin1'));
  if (Date.parse(validTo) >= Date.now()) return;
  log.warn(`The certificate in ${files.cert} of --${files.options}-cert expired on ${day(validTo)}`);
}

function day(time: string): string {
  return new Date(time).toISOString().slice(0, 10);
}
