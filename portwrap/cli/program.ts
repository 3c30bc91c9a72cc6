// The command line of `portwrap` as a table: help, completions and manual page are generated from it.
// Not here: the options (options.ts), parsing them (parse.ts).
import type { Program } from '../../config/command-line/program.ts';
import { doctorOptions, exitCodes, optionGroups } from './options.ts';

export const portwrap: Program = {
  name: 'portwrap',
  summary: 'run a command in a network namespace of its own, with one port of the host forwarded to it',
  usage: [
    '[options] -p HOST_PORT -P GUEST_PORT COMMAND [ARGUMENT...]',
    'enter [SERVER] [-- COMMAND [ARGUMENT...]]',
    'connect PORT [SERVER]',
    'doctor [--user NAME] [--forwarder NAME] [--uplink NAME] [--internet WHICH] [--json]',
  ],
  description: [
    'Runs COMMAND in network, user and process namespaces of its own and forwards one port of this host to it. All other ports that COMMAND or its children open can be reached only from inside.',
    'The options of portwrap stand before COMMAND; everything after COMMAND is passed to it. In each ARGUMENT, {guest-port} is replaced by GUEST_PORT.',
    'portwrap enter runs COMMAND, or a shell, in a sandbox of yours that runs: a server of yours by its name (default: the default server), or a command by its host port. portwrap connect relays standard input and output to a port in it.',
    'portwrap doctor reports what is missing on this machine, why it matters, and how to fix it. With --internet, --no-dns and --allow-host it reports on launches with these options.',
  ],
  commands: [
    {
      name: 'enter',
      operand: '[SERVER]',
      options: [],
      help: 'run a command in a sandbox of yours that runs',
    },
    {
      name: 'connect',
      operand: 'PORT',
      options: [],
      help: 'relay standard input and output to a port in it',
    },
    {
      name: 'doctor',
      options: doctorOptions,
      help: 'report what is missing on this machine',
    },
  ],
  runsCommand: true,
  groups: optionGroups,
  sections: [
    {
      title: 'examples',
      rows: [
        ['portwrap -p 9876 -P 8888 jupyter lab --port={guest-port} --ip=0.0.0.0 --no-browser', ''],
        ['portwrap -p 0 -P 8000 --wait python3 -m http.server {guest-port}', ''],
        ['portwrap enter -- psql -h localhost', ''],
        ["ssh -o ProxyCommand='ssh host portwrap connect 2222' host", ''],
        ['portwrap -p 8080 -P 80 --internet no --view strict --memory 1G ./server', ''],
      ],
    },
    { title: 'exit codes', rows: exitCodes },
  ],
};
