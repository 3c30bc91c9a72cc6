// A promise that is settled from outside; a rejection that is not awaited is no defect.

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
  settled.catch(() => {}); // callers that need the outcome await it
  return { settled, resolve, reject };
}
