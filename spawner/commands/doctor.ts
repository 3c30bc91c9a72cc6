// `portwrap-spawner doctor`: examines the machine for what the configuration needs, with `portwrap doctor` as a
// process of its own, once for every forwarder that a profile uses. Not here: the probes (portwrap/doctor/), the
// host ports (doctor-ports.ts).
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { PortwrapError } from '../../config/errors.ts';
import { loadConfigFile } from '../../config/load.ts';
import { doctorExit, renderDoctor } from '../../portwrap/index.ts';
import { type Command, noOperands } from './arguments.ts';
import { examinePorts } from './doctor-ports.ts';

const portwrap = fileURLToPath(new URL('../../portwrap/main.js', import.meta.url));

export const run: Command = async (input) => {
  noOperands(input);
  const { config: path, user, json, launcher } = input.options;
  if (launcher === 'slurm') return (await import('./doctor-slurm.ts')).run(input);
  if (launcher !== undefined && launcher !== 'local')
    throw new PortwrapError('USAGE', `--launcher must be local or slurm, not "${launcher}"`);
  const file = loadConfigFile(path);
  const { profiles } = file;
  const findings: unknown[] = [];
  let exit = 0;
  for (const forwarder of new Set(profiles.map((profile) => profile.forwarder))) {
    const argv = [
      'doctor',
      '--forwarder',
      forwarder,
      '--json',
      ...(user === undefined ? [] : ['--user', user]),
    ];
    const shown = json ? argv : argv.filter((word) => word !== '--json');
    const { exitCode, stdout, stderr } = await execa(process.execPath, [portwrap, ...shown], {
      reject: false,
    });
    if (stderr !== '') input.print(`${stderr}\n`);
    if (!json) input.print(`With ${forwarder}, which a profile uses:\n\n${stdout}\n`);
    else if (stdout !== '') findings.push({ forwarder, checks: JSON.parse(stdout) });
    exit = Math.max(exit, exitCode ?? 1);
  }
  if (process.getuid?.() === 0) {
    const { check, rules, paste } = await examinePorts(file, input.options['proxy-user']);
    findings.push({ checks: [check], rules });
    if (!json) input.print(`${renderDoctor([check], { json, color: false })}${paste && `\n${paste}`}`);
    exit = Math.max(exit, doctorExit([check]));
  }
  if (json) input.print(`${JSON.stringify(findings)}\n`);
  return exit;
};
