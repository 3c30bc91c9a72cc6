// Imported first by each program (main.ts), for what it does when it is loaded: SIGUSR1, with which Node opens its
// debugger to every user of this machine, does nothing. Until this line runs, the debugger has an address that no
// machine has (RFC 5737), given in the first line of each main.ts, so that it cannot be opened either. Unlike
// --disable-sigusr1 all versions of Node know that option.
// Not here: what a program does with its other signals.
process.on('SIGUSR1', () => {});

/** The option of Node, for a program of ours that is started by `process.execPath`. */
export const debuggerNowhere = '--inspect-port=192.0.2.1:0';
