// What is written at the end of a setup. Not here: the checks before it (test/integration/setup).
import { expect, test } from 'vitest';
import { type Ending, nextSteps } from '../../../../../spawner/commands/setup/next-steps.ts';

const ending: Ending = {
  newHub: null,
  needsRestart: false,
  config: '/etc/portwrap-spawner/config.yaml',
  passed: true,
  user: 'alice',
  guides: '/usr/share/doc/portwrap-spawner/docs',
};

test('a hub that setup has made: the text names its address, and that passwords are not encrypted', () => {
  expect(nextSteps({ ...ending, newHub: 'lab' })).toBe(
    `Everything is set up, and a test server worked.
JupyterHub is at http://lab:8000. Accounts of this machine sign in with their passwords.
There is no TLS yet: passwords cross the network unencrypted. docs/proxy.md says how to add a certificate.

  portwrap-spawner ls                   lists the servers that run
  /etc/portwrap-spawner/config.yaml     has the settings; after a change: portwrap-spawner reload
  /usr/share/doc/portwrap-spawner/docs  has the guides
  portwrap-spawner setup --undo         takes all of this back
`,
  );
});

test('a hub that was there before: nothing is said of its address, and a hub without a unit is to be restarted', () => {
  expect(nextSteps(ending)).not.toMatch(/http:/);
  expect(nextSteps(ending)).toContain('Users sign in as before.');
  expect(nextSteps({ ...ending, needsRestart: true })).toContain('Restart your JupyterHub now');
});

test('without guides there is no line for them', () => {
  expect(nextSteps({ ...ending, guides: null })).not.toContain('guides');
});

test('a failed check is not called a success, and the text names what to run after it is mended', () => {
  const text = nextSteps({ ...ending, passed: false });
  expect(text).toContain('a check above failed');
  expect(text).toContain('portwrap-spawner smoke --user alice');
  expect(text).not.toContain('worked');
});

test('without an account to test with, the text says that nothing was tested', () => {
  const text = nextSteps({ ...ending, user: null });
  expect(text).toContain('portwrap-spawner smoke --user NAME');
  expect(text).not.toContain('worked');
});
