// The launch wrapper as a script of sh(1), for machines on which portwrap-wrapper was not compiled.
// Not here: the program (program.ts), the launcher's ends of the descriptors (../build.ts).
import { inOwnMounts, inOwnUsers } from '../../mounts/own.ts';
import { quoted, terminalCommands } from '../../mounts/terminals.ts';
import type { Toolbox } from '../../system/tools.ts';
import { closeAllBut, descriptors, mapping } from '../descriptors.ts';
import { sysctlCommands } from '../sysctls.ts';
import { policyLoaded } from './loader.ts';
import { imageFailed, isPrepared, terminalsFailed, type Wrapper } from './wrapper.ts';

export function scriptArgv(tools: Toolbox, wrapper: Wrapper, argv: readonly string[]): string[] {
  const { keeper, life, launcher, policy } = descriptors;
  const asRoot = wrapper.policyLog !== null;
  const nft = [tools('nft'), '-f', '-'];
  const settings = sysctlCommands(wrapper.sysctls);
  const set = [tools('sh'), '-c', `'${[...settings, `exec ${nft.join(' ')}`].join('; ')}'`];
  const load = [tools('nsenter'), '"--net=/proc/$child/ns/net"', '--', ...(settings.length > 0 ? set : nft)];
  // its parent is init. If the launcher ends first, it ends what holds the life FIFO: a bwrap whose monitor has ended with
  // the launcher waits for ever. It looks until it finds nobody new, because one that is killed may have forked since the
  // look, and its child, a bwrap that waits for the monitor's word, would wait for ever
  const endHolders = (reader: number) => {
    const find = `${tools('find')} -L /proc/[0-9]*/fd/${life} -maxdepth 0 -samefile /proc/self/fd/${reader} 2>/dev/null`;
    const kill = `echo "$found" | while IFS=/ read -r _ _ holder _; do kill -9 "$holder"; done 2>/dev/null`;
    // find(1) opens it, which waits for a writer
    const hold = `exec ${reader}<>/proc/self/fd/${reader}`;
    return `${hold}; known=; until found=$(${find}); [ "$found" = "$known" ]; do known=$found; ${kill}; done`;
  };
  const loader =
    `( ( if read -r child <&${policy}; then ` +
    `${load.join(' ')} <&${policy} >"$3" 2>&1 && printf ${policyLoaded} >&${policy}; ` +
    `else ${endHolders(keeper)}; fi ) ` +
    `${keeper}</proc/self/fd/${life} ${closeAllBut('policy', 'keeper')} & )`;
  const ignore = "trap '' INT QUIT HUP TERM";
  const keep = `( ( ${ignore}; read -r _ ) <&${keeper} >/dev/null 2>&1 ${closeAllBut()} & )`;
  // the same as the loader for a launch without root, until it is built; then it may be the keeper
  const guard =
    `( ( ${ignore}; if read -r _; then ${wrapper.keeper ? 'read -r _' : ':'}; else ${endHolders(policy)}; fi ) ` +
    `<&${keeper} ${policy}</proc/self/fd/${life} >/dev/null 2>&1 ${closeAllBut('policy')} & )`;
  const replaceTerminals =
    `( ( if ${terminalCommands(tools('mount'), wrapper.terminals).join(' && ')}; then printf ${isPrepared} >&${launcher}; ` +
    `else printf ${terminalsFailed} >&${launcher}; fi ) ${closeAllBut('launcher')} & )`;
  // as native/wrapper/image.c, but it waits for the disk, and mount(8) knows no direct I/O. It ends after a failure when the
  // launcher has read the message
  const mountImage = (format: readonly string[]) =>
    `{ ${format.map(quoted).join(' ')} && ${tools('mount')} -n -i -t ext4 -o loop,nosuid,nodev,noinit_itable,discard "$6" "$7" && ` +
    `${tools('rm')} -f "$6"; } || { printf ${imageFailed} >&${launcher}; read -r _ <&${launcher}; exit 1; }`;
  const operands = [
    wrapper.life,
    wrapper.forwarder,
    wrapper.policyLog ?? '',
    wrapper.maps ?? '',
    wrapper.uplink,
    ...(wrapper.image === null ? [] : [wrapper.image.file, wrapper.image.directory]),
  ];
  const script = [
    ...(asRoot && wrapper.keeper ? [keep, `exec ${keeper}<&-`] : []),
    `${tools('mkfifo')} -m 600 "$1" "$2" "$5"${wrapper.maps === null ? '' : ' "$4"'} || exit 1`,
    // for reading and writing, because opening then does not block
    `exec ${life}<>"$1"`,
    ...(asRoot ? [loader] : [guard, `exec ${keeper}<&-`]),
    ...(wrapper.maps === null ? [] : [`exec ${mapping.report}<>"$4"`]),
    ...(wrapper.image === null ? [] : [mountImage(wrapper.image.format)]),
    // while bwrap starts, which waits for its arguments, and the launcher for this message
    replaceTerminals,
    `shift ${operands.length}`,
    `exec "$@"${wrapper.maps !== null ? ` ${mapping.done}<&${launcher}` : asRoot ? ` ${policy}<&-` : ''}`,
  ].join('\n');
  const shell = [tools('sh'), '-c', script, 'portwrap', ...operands, ...started(tools, wrapper), ...argv];
  return asRoot ? inOwnMounts(tools, shell) : inOwnUsers(tools, shell);
}

/** The words before the command. */
function started(tools: Toolbox, { detached, ignoredSignals }: Wrapper): string[] {
  return [
    ...(detached ? [tools('setsid'), '--fork'] : []),
    ...(ignoredSignals.length === 0 ? [] : [tools('env'), `--ignore-signal=${ignoredSignals.join(',')}`]),
  ];
}
