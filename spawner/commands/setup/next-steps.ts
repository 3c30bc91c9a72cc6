// What an administrator reads at the end of a setup: whether servers start, where to sign in, what to do next. Pure.
// Not here: the checks (setup.ts).

export interface Ending {
  /** Host name of this machine, if setup has made the hub; null: the hub was there before. */
  readonly newHub: string | null;
  /** The hub was named with --hub-python, so setup cannot restart it. */
  readonly needsRestart: boolean;
  /** Of the service. */
  readonly config: string;
  /** doctor and smoke found nothing wrong. */
  readonly passed: boolean;
  /** The user of the test server; null: there was none to test with. */
  readonly user: string | null;
  /** Directory of the guides; null: they are not installed. */
  readonly guides: string | null;
}

export function nextSteps(ending: Ending): string {
  const { newHub, needsRestart, config, guides } = ending;
  const hub = newHub === null ? existingHub(needsRestart) : madeHub(newHub);
  const more: [string, string][] = [
    ['portwrap-spawner ls', 'lists the servers that run'],
    [config, 'has the settings; after a change: portwrap-spawner reload'],
    ...(guides === null ? [] : [[guides, 'has the guides'] satisfies [string, string]]),
    ['portwrap-spawner setup --undo', 'takes all of this back'],
  ];
  const width = Math.max(...more.map(([name]) => name.length));
  const list = more.map(([name, what]) => `  ${name.padEnd(width)}  ${what}\n`).join('');
  return `${resultOf(ending)}\n${hub}\n\n${list}`;
}

function resultOf({ passed, user }: Ending): string {
  if (!passed) {
    const again = `portwrap-spawner doctor, then portwrap-spawner smoke --user ${user ?? 'NAME'}`;
    return `Everything is set up, but a check above failed. Do what it says; then run ${again}.`;
  }
  if (user === null)
    return 'Everything is set up. There is no account to test with: make one, then run portwrap-spawner smoke --user NAME.';
  return 'Everything is set up, and a test server worked.';
}

function madeHub(host: string): string {
  return `JupyterHub is at http://${host}:8000. Accounts of this machine sign in with their passwords.
There is no TLS yet: passwords cross the network unencrypted. docs/proxy.md says how to add a certificate.`;
}

function existingHub(needsRestart: boolean): string {
  return needsRestart
    ? 'Restart your JupyterHub now: from then on it starts servers with portwrap-spawner.'
    : 'Your JupyterHub starts servers with portwrap-spawner now. Users sign in as before.';
}
