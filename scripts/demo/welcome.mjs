// The text that is printed when the demo is ready.

export function welcome({ directory, settings }) {
  const lines = [
    'JupyterHub is ready.',
    '',
    `  Open       http://127.0.0.1:${settings.ports.public}/`,
    '  User       demo',
    `  Password   ${directory.secrets.password}`,
    '',
    `  Servers    http://127.0.0.1:${settings.ports.public}/services/portwrap/ (the user "admin" sees all)`,
    '',
    '  Any other user name works with the same password.',
    ...(process.getuid() === 0 ? [] : ['  You are not root: all users share your account and its files.']),
    `  Logs:      ${directory.path('logs')}`,
    '',
    'Ctrl-C stops everything.',
  ];
  const width = Math.max(...lines.map((line) => line.length));
  const edge = '─'.repeat(width + 2);
  const body = lines.map((line) => `│ ${line.padEnd(width)} │`);
  return ['', `┌${edge}┐`, ...body, `└${edge}┘`, ''].join('\n');
}
