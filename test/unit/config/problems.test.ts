// Bad files, each with the exact lines of its error: position, key, what is wrong, what would be right.
import { describe, expect, test } from 'vitest';
import { toPortwrapError } from '../../../config/errors.ts';
import { parseConfig } from '../../../config/load.ts';

function problemsOf(text: string): string[] {
  try {
    parseConfig(text, 'f');
  } catch (error) {
    const { code, message } = toPortwrapError(error);
    expect(code).toBe('CONFIG_INVALID');
    return message.split('\n');
  }
  return [];
}

// Line 1, so that what is under test stands on line 2 and after.
const hub = 'hubs: [{name: hub, token_env: HUB_TOKEN}]\n';

describe('one mistake, one line', () => {
  test.each([
    ['an empty file', '', 'f:1:1: the file is empty (null), must be a mapping of keys to values'],
    ['a file of text', 'hello', 'f:1:1: the file is text, must be a mapping of keys to values'],
    ['no hubs', 'ports: {}', 'f:1:1: hubs: is missing, must be a list'],
    ['an empty list of hubs', 'hubs: []', 'f:1:7: hubs: is an empty list, must have at least 1 item'],
    [
      'a mistyped key',
      `${hub}service:\n  lisen: 127.0.0.1:1`,
      'f:3:3: service.lisen: is not a known key; did you mean "listen"?',
    ],
    [
      'a key like no other',
      `${hub}ports:\n  colour: red`,
      'f:3:3: ports.colour: is not a known key; known here: host_address, range',
    ],
    [
      'a key whose value is a mapping',
      `${hub}\nservices:\n  listen: x`,
      'f:3:1: services: is not a known key; did you mean "service"?',
    ],
    [
      'an unknown key of an item',
      `${hub}profiles:\n  - name: a\n    netwrok: {}`,
      'f:4:5: profiles[0].netwrok: is not a known key; did you mean "network"?',
    ],
    [
      'a hub that no sandbox reaches',
      'hubs: [{name: hub, token_env: X, api_url: "http://127.0.0.5:8081/hub/api"}]',
      'f:1:43: hubs[0].api_url: is "http://127.0.0.5:8081/hub/api", must have the host 127.0.0.1: of this machine\'s loopback addresses, sandboxes reach no other (c.JupyterHub.hub_ip = "127.0.0.1")',
    ],
    [
      'the address of a hub with its path',
      `${hub}admin_page:\n  token_env: X\n  hub_url: https://hub.example.org/hub`,
      'f:4:12: admin_page.hub_url: its value must be an http:// or https:// URL that ends with the host or the port',
    ],
    [
      'a title of two lines',
      `${hub}profiles:\n  - name: a\n    title: "x\\ny"`,
      'f:4:12: profiles[0].title: its value must be one line, and not blank',
    ],
    [
      'a key without the space after its colon',
      'hubs: [{name: hub, token:abcdefghijklmnopqrst, token_env: X}]',
      'f:1:20: hubs[0].token…: is not a known key; is the space after its ":" missing?',
    ],
    [
      'a missing required key',
      `${hub}profiles:\n  - name: a\n  - guest_port: 8888`,
      'f:4:5: profiles[1].name: is missing, must be text',
    ],
    [
      'an emptied mapping',
      `${hub}service:\n  #log_level: info`,
      'f:2:9: service: is empty (null), must be a mapping of keys to values',
    ],
    [
      'a number in place of text',
      `${hub}profiles: [{name: 5}]`,
      'f:2:19: profiles[0].name: is the number 5, must be text: put it into quotes',
    ],
    [
      'text in place of a number',
      `${hub}profiles:\n  - name: a\n    guest_port: "8888"`,
      'f:4:17: profiles[0].guest_port: is "8888", must be a number: remove its quotes',
    ],
    [
      'text in place of true',
      `${hub}profiles: [{name: a, network: {dns: yes}}]`,
      'f:2:37: profiles[0].network.dns: is "yes", must be true or false',
    ],
    [
      'text in place of a list',
      `${hub}profiles: [{name: a, command: jupyter lab}]`,
      'f:2:31: profiles[0].command: is text, must be a list',
    ],
    [
      'a mistyped choice',
      `${hub}accounts: {mode: systm}`,
      'f:2:18: accounts.mode: is "systm", must be one of system, dynamic, service; did you mean "system"?',
    ],
    [
      'a number too small',
      `${hub}accounts: {min_uid: 0}`,
      'f:2:21: accounts.min_uid: is the number 0, must be at least 1',
    ],
    [
      'a number too big',
      `${hub}profiles: [{name: a, ready_timeout: 3601}]`,
      'f:2:37: profiles[0].ready_timeout: is the number 3601, must be at most 3600',
    ],
    [
      'a fraction of a port',
      `${hub}profiles: [{name: a, network: {host_ports: [80.5]}}]`,
      'f:2:45: profiles[0].network.host_ports[0]: is the number 80.5, must be a whole number',
    ],
    [
      'an address without a port',
      `${hub}service: {listen: 127.0.0.1}`,
      'f:2:19: service.listen: is "127.0.0.1", must be ADDRESS:PORT, such as 127.0.0.1:8095, or unix:/PATH with at most 107 bytes',
    ],
    [
      'a port out of range',
      `${hub}service: {listen: "127.0.0.1:65536"}`,
      'f:2:19: service.listen: is "127.0.0.1:65536", must be ADDRESS:PORT, such as 127.0.0.1:8095, or unix:/PATH with at most 107 bytes',
    ],
    [
      'a relative state directory',
      `${hub}service: {state_dir: run}`,
      'f:2:22: service.state_dir: is "run", must be an absolute path without "/" at its end',
    ],
    [
      'a state directory too long for sockets below it',
      `${hub}service: {state_dir: /${'é'.repeat(40)}}`,
      `f:2:22: service.state_dir: is "/${'é'.repeat(40)}", must be at most 79 bytes long`,
    ],
    [
      'an upside-down range',
      `${hub}ports: {range: 300-200}`,
      'f:2:16: ports.range: is "300-200", must be "LOW-HIGH", two numbers from 1024 to 65535, the lower one first',
    ],
    [
      'uids that mean nobody',
      `${hub}accounts: {uid_range: 65535-70000}`,
      'f:2:23: accounts.uid_range: is "65535-70000", must not contain 65534 and 65535, the uids of "nobody"',
    ],
    [
      'a forward open to everyone',
      `${hub}ports: {host_address: 0.0.0.0}`,
      'f:2:23: ports.host_address: is "0.0.0.0", must be one address of this machine: every address would open the servers to other users',
    ],
    [
      'a home that users would share',
      `${hub}accounts: {home: /home}`,
      'f:2:18: accounts.home: is "/home", must contain {username}, or users would share it',
    ],
    [
      'a strange placeholder',
      `${hub}profiles: [{name: a, ready_path: "{prefix}{base}"}]`,
      'f:2:34: profiles[0].ready_path: is "{prefix}{base}", must have no placeholder but {prefix}',
    ],
    [
      'a URL of the wrong kind',
      `${hub}proxy: {api_url: "ftp://host"}`,
      'f:2:18: proxy.api_url: is "ftp://host", must be an http:// or https:// URL without user name, query, fragment and "/" at its end',
    ],
    [
      'a reaper without a token',
      `hubs: [{name: a, token_env: A, reaper: {interval: 60}}]`,
      'f:1:40: hubs[0].reaper: has no token, must have exactly one of token_env, token_file and token',
    ],
    [
      'a timeout that would cull everybody',
      `${hub}profiles: [{name: a, culling: {idle_timeout: 0}}]`,
      'f:2:46: profiles[0].culling.idle_timeout: is the number 0, must be at least 1',
    ],
    [
      'a colon in PATH',
      `${hub}profiles: [{name: a, path: ["/a:/b"]}]`,
      'f:2:29: profiles[0].path[0]: is "/a:/b", must not contain ":", which ends it',
    ],
    [
      'a variable that is no name',
      `${hub}profiles:\n  - name: a\n    environment: {A-B: x}`,
      'f:4:19: profiles[0].environment.A-B: its name must be a name of letters, digits and "_"',
    ],
    [
      'the same profile twice',
      `${hub}profiles: [{name: a}, {name: b}, {name: a}]`,
      'f:2:41: profiles[2].name: is "a", must differ from the name of item [0]',
    ],
    [
      'the same hub twice',
      'hubs:\n  - {name: a, token_env: A}\n  - {name: a, token_env: B}',
      'f:3:12: hubs[1].name: is "a", must differ from the name of item [0]',
    ],
    [
      'a hub without a token',
      'hubs: [{name: a}]',
      'f:1:8: hubs[0]: has no token, must have exactly one of token_env, token_file and token',
    ],
    [
      'a proxy with two',
      `${hub}proxy: {token_env: A, token_file: /b}`,
      'f:2:8: proxy: has token_env and token_file, must have at most one of token_env, token_file and token',
    ],
    [
      'an admin page for a hub that is not there',
      `${hub}admin_page: {hub: other, token_env: A}`,
      'f:2:19: admin_page.hub: is "other", must be the name of one of "hubs" (hub)',
    ],
    [
      'an admin page without a token',
      `${hub}admin_page: {}`,
      'f:2:13: admin_page: has no token, must have exactly one of token_env, token_file and token',
    ],
  ])('%s', (_title, text, line) => {
    expect(problemsOf(text)).toEqual([line]);
  });
});

describe('text that is not YAML', () => {
  test.each([
    ['a key twice', 'hubs: []\nhubs: []', 'f:2:1', 'duplicate key; keep one of them'],
    ['a tab', 'service:\n\tlisten: x', 'f:2:1', 'lines must be indented by spaces, not by tabs'],
    [
      'an open bracket',
      'hubs: [a',
      'f:1:9',
      'the indentation differs from the lines around it, or a bracket before it is not closed',
    ],
    [
      'two keys on a line',
      'hubs: a: b',
      'f:1:7',
      'this line has a second "key:"; put text that contains ": " into quotes',
    ],
    [
      'two documents',
      'hubs: []\n---\nhubs: []',
      'f:2:1',
      'a second document begins here; the file must have one, without "---" between',
    ],
    ['a strange tag', 'hubs: !x a', 'f:1:7', 'unknown tag ("!name"); quote text that begins with "!"'],
    ['a key that is a list', '[a]: b', 'f:1:1', 'a key must be plain text'],
    [
      'an alias of nothing',
      'hubs: *a',
      'f:1:7',
      'no "&" anchor with that name precedes it; quote text that begins with "*"',
    ],
  ])('%s', (_title, text, position, fault) => {
    expect(problemsOf(text)).toContain(`${position}: the file is not valid YAML: ${fault}`);
  });

  test('aliases that multiply without end', () => {
    const levels = 'bcdefghi'
      .split('')
      .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join()}]`);
    expect(problemsOf(`a: &a [x, x]\n${levels.join('\n')}`)).toEqual([
      'f:1:1: the file is not usable YAML: its aliases expand to too much',
    ]);
  });
});

test('all problems of a file are reported, in its order', () => {
  const text = `service:
  log_level: loud
  lisen: x
hubs:
  - name: Hub
  - name: a
    token_env: A
  - name: a
    token_env: B
ports: {range: 1, range_: 2}
profiles: []`;
  expect(problemsOf(text).map((line) => /^f:\d+:\d+: [^:]+/.exec(line)?.[0])).toEqual([
    'f:2:14: service.log_level',
    'f:3:3: service.lisen',
    'f:5:5: hubs[0]',
    'f:5:11: hubs[0].name',
    'f:8:11: hubs[2].name',
    'f:10:16: ports.range',
    'f:10:19: ports.range_',
    'f:11:11: profiles',
  ]);
});

test('a problem behind an alias is reported where the value stands', () => {
  const text = `${hub}profiles:\n  - &p {name: a, guest_port: 80}\n  - *p`;
  expect(problemsOf(text)).toContain(
    'f:3:30: profiles[0].guest_port: is the number 80, must be at least 1024',
  );
  expect(problemsOf(text)).toContain(
    'f:3:30: profiles[1].guest_port: is the number 80, must be at least 1024',
  );
});
