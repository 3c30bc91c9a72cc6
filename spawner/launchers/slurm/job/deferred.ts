// A promise that somebody else settles; a rejection that nobody awaits is no defect.

export interface Deferred<T> {
  readonly settled: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

export function createDeferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const settled = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  settled.catch(() => {}); // whoever needs the outcome awaits it
  return { settled, resolve, reject };
}
