// The options of the `portwrap` command, as one table. Not here: parsing them (parse.ts).
import { commonOptions, type OptionGroup, shells } from '../../config/command-line/program.ts';
import { deviceChoices, fileViewPresets } from '../launch/file-view.ts';
import { socketFamilies } from '../launch/system-call-filter.ts';
import { forwarderNames, uplinkNames } from '../network/network.ts';

/** The permitted values of these options. */
export const choices = {
  forwarder: forwarderNames,
  uplink: uplinkNames,
  view: fileViewPresets,
  devices: deviceChoices,
  completion: shells,
} as const;
export type ChoiceName = keyof typeof choices;
export type Choice<Name extends ChoiceName> = (typeof choices)[Name][number];

/** Those that `portwrap doctor` takes. */
export const doctorOptions: readonly string[] = [
  ...['user', 'forwarder', 'uplink', 'internet', 'no-dns', 'allow-host', 'temporary-size', 'json'],
];

export const optionGroups: readonly OptionGroup[] = [
  {
    title: 'ports',
    options: [
      {
        name: 'host-port',
        short: 'p',
        value: 'PORT',
        help: 'port of this host; 0 chooses a free port and prints it',
      },
      {
        name: 'guest-port',
        short: 'P',
        value: 'PORT',
        help: 'port inside, where COMMAND listens',
      },
      {
        name: 'host-address',
        value: 'IP',
        help: 'IPv4 address of this host to listen on (default 127.0.0.1)',
      },
      {
        name: 'forwarder',
        value: 'NAME',
        values: choices.forwarder,
        help: 'program that forwards the port: builtin (default, if it is built), slirp4netns or pasta (which loses the end of some large transfers)',
      },
      {
        name: 'uplink',
        value: 'NAME',
        values: choices.uplink,
        help: 'program that leads COMMAND out to what it may reach, with the forwarder builtin: slirp4netns (default) or pasta',
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
        help: 'what COMMAND may reach on the internet: yes (default), no, or only networks such as 198.51.100.0/24,203.0.113.0/24',
      },
      { name: 'no-dns', help: 'no DNS: names cannot be resolved inside' },
      {
        name: 'allow-host',
        value: '[IP:]PORT',
        repeatable: true,
        help: "let COMMAND connect to this listener of the host; what listens on the host's 127.0.0.1 is at 10.0.2.2 inside",
      },
      {
        name: 'socket-family',
        value: 'NAME',
        repeatable: true,
        values: Object.keys(socketFamilies),
        help: 'allow sockets of another address family besides unix, inet, inet6 and netlink, such as can or vsock',
      },
    ],
  },
  {
    title: 'files',
    options: [
      {
        name: 'view',
        value: 'VIEW',
        values: choices.view,
        help: 'host (default): all files as on the host; strict: everything read-only except the home directory',
      },
      { name: 'read-only', value: 'PATH', repeatable: true, values: 'path', help: 'make a path read-only' },
      {
        name: 'read-write',
        value: 'PATH',
        repeatable: true,
        values: 'path',
        help: 'make a path writable, also with --view strict',
      },
      { name: 'hide', value: 'PATH', repeatable: true, values: 'path', help: 'hide a path' },
      {
        name: 'temporary',
        value: 'PATH',
        repeatable: true,
        values: 'path',
        help: 'put an empty directory there, which is deleted afterwards',
      },
      {
        name: 'temporary-in',
        value: 'WHERE',
        values: ['disk', 'memory'],
        help: 'where /tmp, /var/tmp and --temporary are kept: disk (default; below /var/tmp), memory, or a directory',
      },
      {
        name: 'temporary-size',
        value: 'SIZE',
        help: 'the most that they may have: on disk, as root, all together (default no bound); in memory each (default a quarter of the memory)',
      },
      {
        name: 'devices',
        value: 'WHICH',
        values: choices.devices,
        help: 'device files inside: all (default), or only basic ones such as /dev/null',
      },
    ],
  },
  {
    title: 'limits',
    options: [
      { name: 'memory', value: 'SIZE', help: 'limit of memory and swap together, such as 512M or 2G' },
      { name: 'cpus', value: 'NUMBER', help: 'limit of CPU time, in CPUs, such as 1.5' },
      { name: 'processes', value: 'NUMBER', help: 'limit of processes and threads together' },
      { name: 'open-files', value: 'NUMBER', help: 'limit of open files of each process (default 1024)' },
    ],
  },
  {
    title: 'account',
    options: [
      { name: 'user', value: 'NAME', values: 'user', help: 'as root: run COMMAND as this account' },
      { name: 'allow-root', help: 'as root: run COMMAND as root, without capabilities' },
    ],
  },
  {
    title: 'output',
    options: [
      {
        name: 'wait',
        help: 'print the URL as soon as COMMAND answers HTTP requests, or after 60 seconds why it does not',
      },
      { name: 'verbose', short: 'v', help: 'print each step and its duration' },
      { name: 'json', help: 'print the steps to standard error as JSON, one object per line' },
      ...commonOptions,
    ],
  },
];

export const exitCodes: readonly (readonly [string, string])[] = [
  ['of COMMAND', 'COMMAND ran and ended with this code'],
  ['128+n', 'COMMAND was ended by signal n'],
  ['127, 126', 'COMMAND was not found (127) or is not executable (126)'],
  ['2', 'wrong options'],
  ['66', 'enter and connect: you have no such sandbox'],
  ['69', 'connect: no program listens on PORT in the sandbox'],
  ['72', 'a program that portwrap needs is missing'],
  ['74', 'temporary files cannot be made: the disk is full or read-only'],
  ['77', 'COMMAND may not run as this account, or the host port is reserved for root'],
  ['98', 'the host port is in use'],
  ['125', 'the sandbox, its network policy, its limits or the forwarding could not be set up'],
];
