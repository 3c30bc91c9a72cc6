// Ignores SIGUSR1, on which Node would open its debugger to every user of this machine. Each program (main.ts) imports
// this file first, for that side effect. Until it is loaded, the debugger address is one that no machine has (RFC 5737),
// set in the first line of each main.ts, so it cannot be opened either. All versions of Node have that option, unlike
// --disable-sigusr1. Not here: other signals.
process.on('SIGUSR1', () => {});

/** The Node option, for our programs that are started with `process.execPath`. */
export const debuggerNowhere = '--inspect-port=192.0.2.1:0';
