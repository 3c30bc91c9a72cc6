// Detects when the demo must end: a signal, or the end of the npm that runs it, which signals only its shell.
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
// Ctrl-C reaches us from the terminal, and some npm versions send it again.
const sameInterruption = 500;
const lookForParentEvery = 500;

/** Resolves with the reason of the first interruption; `again` is called on each later one. */
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

/** A process is not notified when its parent ends, but its parent pid changes. */
function onParentEnd(tell) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    tell();
  }, lookForParentEvery);
  timer.unref();
}
