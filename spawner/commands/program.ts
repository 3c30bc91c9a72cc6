// The command line of `portwrap-spawner` as a table. Not here: parsing it (arguments.ts), the commands themselves.
import { commonOptions, type Program } from '../../config/command-line/program.ts';
import { wholeNumber } from '../../config/command-line/values.ts';
import { duration, moment } from './time.ts';

export const portwrapSpawner = {
  name: 'portwrap-spawner',
  summary: 'spawner service of a JupyterHub, and its commands for administrators',
  usage: ['COMMAND [options]'],
  description: [
    "Starts each JupyterHub user's server in a sandbox of its own and routes one port to it. SERVER is USER, or USER/NAME for a named server.",
    'All commands but serve, check-config, doctor, setup and migrate talk to the running service. They need the same configuration file as the service, and must run as root or as the account of the service.',
  ],
  commands: [
    {
      name: 'serve',
      options: [],
      help: 'run the service until SIGTERM or SIGINT; the servers keep running. SIGHUP reloads the configuration',
    },
    { name: 'check-config', options: [], help: 'check the configuration file and report every error in it' },
    {
      name: 'doctor',
      options: ['user', 'profile', 'launcher', 'proxy-user'],
      help: 'check that this machine has what the configuration needs, and print how to fix what is missing',
    },
    {
      name: 'setup',
      options: [
        'dry-run',
        'yes',
        'undo',
        'with-jupyterhub',
        'hub-proxy',
        'hub-python',
        'hub-config',
        'print-config',
        'user',
        'public-url',
      ],
      help: 'connect the JupyterHub of this machine with the service, as root: tokens, configuration, plugin, units, host-port rule; then run doctor and smoke. It says what it will do and asks first',
    },
    {
      name: 'migrate',
      operand: '[FILE]',
      options: ['hub-python'],
      help: 'print the configuration that does what a jupyterhub_config.py with another spawner does, or the config.yaml of TLJH, with a note for what it cannot do. The file is loaded by the Python of the hub, as the account that calls; nothing is changed. Without FILE: that of the hub that systemd runs, as its account',
    },
    {
      name: 'reload',
      options: [],
      help: 'have the running service reload its configuration; it keeps the old one if the new one has errors',
    },
    { name: 'ls', options: [], help: 'list servers' },
    {
      name: 'show',
      operand: 'SERVER',
      options: [],
      help: 'print everything that is known about a server, and which ports are open inside',
    },
    {
      name: 'logs',
      operand: 'SERVER',
      options: ['tail', 'follow'],
      help: 'print the last lines of the output of a server',
    },
    {
      name: 'stop',
      operand: '[SERVER]',
      options: ['now', 'all', 'profile', 'idle-for', 'dry-run', 'yes'],
      help: 'stop a server, or with --all every server or those that are selected, and wait until they have ended. --all shows which servers and asks first',
    },
    {
      name: 'maintenance',
      operand: 'on|off|status',
      options: ['message', 'at', 'stop-servers-at'],
      help: 'on: start no new servers, and tell users why; running servers go on. off: start them again. A restart of the service changes nothing',
    },
    {
      name: 'enter',
      operand: 'SERVER',
      takesCommand: true,
      options: [],
      help: 'run a command, or a shell, in the sandbox of a server, as its user and within its limits; the command follows "--"',
    },
    {
      name: 'smoke',
      options: ['user', 'profile', 'public-url'],
      help: 'test the installation: start a Jupyter server, run a cell, stop the server, and print how long each step took',
    },
  ],
  groups: [
    {
      title: 'options of every command',
      options: [
        {
          name: 'config',
          short: 'c',
          value: 'FILE',
          values: 'path',
          default: '/etc/portwrap-spawner/config.yaml',
          help: 'configuration file',
        },
        {
          name: 'hub',
          value: 'NAME',
          help: 'hub whose servers are meant, if the configuration has several hubs',
        },
        { name: 'json', help: 'print JSON instead of text' },
        ...commonOptions,
      ],
    },
    {
      title: 'options of logs',
      options: [
        {
          name: 'tail',
          short: 'n',
          value: 'LINES',
          type: wholeNumber(0, 10_000),
          default: 100,
          help: 'how many lines to print',
        },
        { name: 'follow', short: 'f', help: 'keep printing new output until the server ends' },
      ],
    },
    {
      title: 'options of stop',
      options: [
        { name: 'now', help: 'kill the processes at once, without time to end by themselves' },
        { name: 'all', help: 'stop every server: of --hub, or of all hubs; of --profile, or of all' },
        {
          name: 'idle-for',
          value: 'DURATION',
          type: duration,
          help: 'with --all: only servers without activity for that long, such as 30m, 2h or 7d',
        },
      ],
    },
    {
      title: 'options of maintenance on',
      options: [
        {
          name: 'message',
          value: 'TEXT',
          help: 'what users read on the spawn page and when a start is refused',
        },
        {
          name: 'at',
          value: 'TIME',
          type: moment,
          help: 'refuse starts from that time on, such as 18:00, 2026-12-01T18:00 or +30m; users read the text before (default: now)',
        },
        {
          name: 'stop-servers-at',
          value: 'TIME',
          type: moment,
          help: 'ask the running servers to end at that time (default: they go on)',
        },
      ],
    },
    {
      title: 'options of setup and stop --all',
      options: [
        { name: 'dry-run', help: 'only say what would be done; with --json as JSON' },
        { name: 'yes', short: 'y', help: 'do it without asking' },
      ],
    },
    {
      title: 'options of setup and migrate',
      options: [
        {
          name: 'hub-python',
          value: 'FILE',
          values: 'path',
          help: 'Python of the hub, if no unit of systemd runs it (default: found; for migrate else that of the command jupyterhub)',
        },
      ],
    },
    {
      title: 'options of setup',
      options: [
        {
          name: 'undo',
          help: 'take back what earlier runs of setup did; servers of the service are stopped',
        },
        {
          name: 'with-jupyterhub',
          help: 'if this machine has no JupyterHub, install one in /opt/portwrap-spawner/hub, for the accounts of this machine',
        },
        {
          name: 'hub-proxy',
          value: 'NAME',
          values: ['portwrap', 'keep'],
          help: 'portwrap: portwrap-proxy serves the hub; keep: its proxy stays (default: portwrap, if the hub starts a configurable-http-proxy without TLS itself)',
        },
        {
          name: 'hub-config',
          value: 'FILE',
          values: 'path',
          help: 'jupyterhub_config.py of that hub, with --hub-python',
        },
        {
          name: 'print-config',
          help: 'print the lines for jupyterhub_config.py instead of adding them, and do not restart the hub',
        },
      ],
    },
    {
      title: 'options of doctor, setup, smoke and stop',
      options: [
        {
          name: 'user',
          value: 'NAME',
          values: 'user',
          help: 'doctor, as root: check for this account; smoke: run as this user (default smoke-test); setup: run smoke as this user (default: an account that exists)',
        },
        {
          name: 'profile',
          value: 'NAME',
          help: 'doctor --launcher slurm: check only this profile; smoke: start this profile (default: the first); stop --all: only servers of this profile',
        },
        {
          name: 'launcher',
          value: 'NAME',
          values: ['local', 'slurm'],
          help: 'doctor: local checks this machine (default), slurm checks the cluster with a job of --user',
        },
        {
          name: 'proxy-user',
          value: 'NAME',
          values: 'user',
          help: 'doctor: account of the proxy (default: that of the running proxy)',
        },
        {
          name: 'public-url',
          value: 'URL',
          help: 'setup and smoke: public URL of the proxy (default: http://127.0.0.1:8000; without a proxy in the configuration the host port of the server)',
        },
      ],
    },
  ],
  sections: [
    {
      title: 'examples',
      rows: [
        ['portwrap-spawner setup --dry-run', ''],
        ['portwrap-spawner check-config --config ./config.yaml', ''],
        ['portwrap-spawner migrate /etc/jupyterhub/jupyterhub_config.py > config.yaml', ''],
        ['portwrap-spawner logs alice --follow', ''],
        ['portwrap-spawner stop alice/gpu --now', ''],
        ['portwrap-spawner enter alice -- ss -tln', ''],
        ['portwrap-spawner stop --all --profile large --idle-for 2h --dry-run', ''],
        [
          'portwrap-spawner maintenance on --message "New disks until 20:00." --at 18:00 --stop-servers-at 18:30',
          '',
        ],
      ],
    },
    {
      title: 'exit codes',
      rows: [
        ['0', 'success'],
        ['1', 'doctor found something that is missing, or setup --undo left something'],
        ['2', 'wrong options or arguments'],
        ['78', 'the configuration file has errors or cannot be read'],
        ['of the command', 'enter: the command ran and ended with this code, or 128+n by signal n'],
        ['other', 'docs/errors.md lists the code of each error'],
      ],
    },
  ],
} as const satisfies Program;
