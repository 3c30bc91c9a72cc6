// The arguments of portwrap-wrapper, as a pure function. Not here: its source (native/wrapper/), compiling it
// (scripts/native.mjs).
import { constants } from 'node:os';
import { nativeProgram } from '../../../config/system/native-program.ts';
import type { Toolbox } from '../../system/tools.ts';
import type { TemporaryImage } from '../../temporary/image.ts';
import { descriptors, mapping } from '../descriptors.ts';
import { sysctlFiles } from '../sysctls.ts';
import type { Wrapper } from './wrapper.ts';

/** Null where it was not compiled. */
export function findWrapperProgram(): string | null {
  return nativeProgram('portwrap-wrapper');
}

export function programArgv(
  tools: Toolbox,
  program: string,
  wrapper: Wrapper,
  argv: readonly string[],
): string[] {
  const { keeper, launcher, life, policy } = descriptors;
  const { image, maps, policyLog } = wrapper;
  const loader =
    policyLog === null
      ? ['--own-users', '--guard', String(keeper)]
      : [
          ...['--loader', String(policy), tools('nft'), policyLog],
          ...sysctlFiles(wrapper.sysctls).flatMap(({ path, value }) => ['--setting', path, value]),
        ];
  return [
    program,
    ...loader,
    ...['--life', String(life), '--launcher', String(launcher)],
    ...['--held-fifo', String(life), wrapper.life, '--fifo', wrapper.forwarder, '--fifo', wrapper.uplink],
    ...(maps === null ? [] : ['--held-fifo', String(mapping.report), maps]),
    ...(maps === null ? [] : ['--launcher-again', String(mapping.done)]),
    ...wrapper.terminals.flatMap((mount) =>
      mount.kind === 'new' ? ['--new-terminals', mount.target] : ['--bind', mount.source, mount.target],
    ),
    ...(image === null ? [] : imageWords(image)),
    ...wrapper.ignoredSignals.flatMap((name) => ['--ignore-signal', String(signalNumber(name))]),
    ...(wrapper.detached ? ['--detached'] : []),
    '--',
    ...argv,
  ];
}

function imageWords({ file, directory, format }: TemporaryImage): string[] {
  return ['--image', file, directory, String(format.length), ...format];
}

function signalNumber(name: string): number {
  const found = Object.entries(constants.signals).find(([signal]) => signal === `SIG${name}`);
  if (found === undefined) throw new Error(`there is no signal SIG${name}`);
  return found[1];
}
