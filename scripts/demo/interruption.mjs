// When the demo is to end: a signal, or the end of the npm that runs us, which tells its shell but not us.
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
// A Ctrl-C reaches us from the terminal, and from some npm versions once more.
const sameInterruption = 500;
const lookForParentEvery = 500;

/** Resolves with the reason of the first interruption; `again` is called at a later one. */
export function interruption(again) {
  return new Promise((resolve) => {
    let first = 0;
    const interrupt = (reason) => {
      if (first === 0) first = Date.now();
      else if (Date.now() - first > sameInterruption) again();
      resolve(reason);
    };
    for (const signal of signals) process.on(signal, () => interrupt(signal));
    if (process.env.npm_lifecycle_event !== undefined) onParentEnd(() => resolve('npm has ended'));
  });
}

/** Linux tells a process nothing when its parent ends, but that it has another one when it looks. */
function onParentEnd(tell) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    tell();
  }, lookForParentEvery);
  timer.unref();
}
