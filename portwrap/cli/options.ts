// The options of the `portwrap` command, as one table: help, completion and manual page are made from it.
// Not here: parsing them (parse.ts).
import { socketFamilies } from '../launch/system-call-filter.ts';

export interface Option {
  readonly name: string;
  readonly short?: string;
  /** What stands for its value in the help; absent: it has none. */
  readonly value?: string;
  readonly repeatable?: true;
  readonly help: string;
  /** The values there are, for completion; "path" and "user" are asked of the shell. */
  readonly values?: readonly string[] | 'path' | 'user';
}

export interface OptionGroup {
  readonly title: string;
  readonly options: readonly Option[];
}

export const optionGroups: readonly OptionGroup[] = [
  {
    title: 'ports',
    options: [
      {
        name: 'host-port',
        short: 'p',
        value: 'PORT',
        help: 'port on this host; 0 takes a free one and prints it',
      },
      {
        name: 'guest-port',
        short: 'P',
        value: 'PORT',
        help: 'port that COMMAND listens on, on all addresses (0.0.0.0)',
      },
      { name: 'host-address', value: 'IP', help: 'address of this host to listen on (default 127.0.0.1)' },
      {
        name: 'forwarder',
        value: 'NAME',
        values: ['slirp4netns', 'pasta'],
        help: 'slirp4netns (default), or pasta (not that of Debian 12: see the guide)',
      },
    ],
  },
  {
    title: 'network',
    options: [
      {
        name: 'internet',
        value: 'WHICH',
        values: ['yes', 'no'],
        help: 'yes (default), no, or networks such as 198.51.100.0/24,203.0.113.0/24',
      },
      { name: 'no-dns', help: 'do not resolve names' },
      {
        name: 'allow-host',
        value: '[IP:]PORT',
        repeatable: true,
        help: "a listener of this host that COMMAND may reach; at 10.0.2.2 when it is on this host's 127.0.0.1",
      },
      {
        name: 'socket-family',
        value: 'NAME',
        repeatable: true,
        values: Object.keys(socketFamilies),
        help: 'a kind of socket that it may make besides unix, inet, inet6 and netlink, such as can or vsock',
      },
    ],
  },
  {
    title: 'files',
    options: [
      {
        name: 'view',
        value: 'VIEW',
        values: ['host', 'strict'],
        help: 'host (default): the files as they are; strict: read-only but for the home',
      },
      { name: 'read-only', value: 'PATH', repeatable: true, values: 'path', help: 'seen, but not writable' },
      {
        name: 'read-write',
        value: 'PATH',
        repeatable: true,
        values: 'path',
        help: 'writable, also in the strict view',
      },
      { name: 'hide', value: 'PATH', repeatable: true, values: 'path', help: 'not seen' },
      {
        name: 'temporary',
        value: 'PATH',
        repeatable: true,
        values: 'path',
        help: 'empty inside, and gone afterwards',
      },
      {
        name: 'devices',
        value: 'WHICH',
        values: ['all', 'basic'],
        help: 'all (default), or basic ones such as /dev/null',
      },
    ],
  },
  {
    title: 'limits',
    options: [
      { name: 'memory', value: 'SIZE', help: 'memory and swap, such as 512M or 2G' },
      { name: 'cpus', value: 'NUMBER', help: 'CPUs, such as 1.5' },
      { name: 'processes', value: 'NUMBER', help: 'processes and threads' },
      { name: 'open-files', value: 'NUMBER', help: 'open files of each process (default 1024)' },
    ],
  },
  {
    title: 'account',
    options: [
      { name: 'user', value: 'NAME', values: 'user', help: 'when root: the account that runs COMMAND' },
      { name: 'allow-root', help: 'when root: run COMMAND as root, without capabilities' },
    ],
  },
  {
    title: 'output',
    options: [
      { name: 'wait', help: 'print the URL when COMMAND answers there' },
      { name: 'verbose', short: 'v', help: 'tell the steps and what they took' },
      { name: 'json', help: 'tell the steps as JSON, one object a line on standard error' },
      { name: 'help', short: 'h', help: 'show this help' },
      { name: 'version', short: 'V', help: 'show the version' },
      {
        name: 'completion',
        value: 'SHELL',
        values: ['bash', 'fish', 'zsh'],
        help: 'print a completion script',
      },
    ],
  },
];

export const exitCodes: readonly (readonly [string, string])[] = [
  ["COMMAND's own", ''],
  ['128+n', 'signal n ended COMMAND'],
  ['127, 126', 'COMMAND was not found, or is not executable'],
  ['2', 'the options are wrong'],
  ['72', 'a program that portwrap needs is missing'],
  ['77', 'the account is refused'],
  ['98', 'the host port is taken'],
  ['125', 'the sandbox, its network policy, its limits or its forward failed'],
];
