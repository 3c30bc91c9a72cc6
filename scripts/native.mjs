// Compiles the programs in native/ to dist/native/NAME-ARCHITECTURE. Without a compiler it says so and ends well: the
// forwarder `builtin`, preload and `portwrap enter` are not available then.
// Not here: tsc, choosing a binary (config/system/native-program.ts).
// usage: node scripts/native.mjs [--static] [--target=x86_64|aarch64]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** The folders of the sources of each program, below native/. */
const programs = {
  'portwrap-forward': ['forward', 'shared'],
  'portwrap-init': ['init'],
  'portwrap-wrapper': ['wrapper', 'shared'],
  'portwrap-enter': ['enter'],
};
const architectures = { x64: 'x86_64', arm64: 'aarch64' };
const plain = ['-std=c11', '-O2', '-Wall', '-Wextra'];
const hardened = ['-fstack-protector-strong', '-D_FORTIFY_SOURCE=2', '-Wl,-z,relro,-z,now'];
/** tcc(1) has no hardening, and compiles it, too. */
const compilers = ['cc', 'gcc', 'clang', 'tcc'];

export function nativeFile(root, target = architectures[process.arch], program = 'portwrap-forward') {
  return join(root, 'dist/native', `${program}-${target}`);
}

/** Whether it is there and newer than its sources; true, too, where it cannot be. */
export function isNativeCurrent(root) {
  if (architectures[process.arch] === undefined) return true;
  return Object.keys(programs).every((program) => {
    const file = nativeFile(root, undefined, program);
    return (
      existsSync(file) && statSync(file).mtimeMs >= Math.max(...nativeSources(root, program).map(modified))
    );
  });
}

/** Returns a sentence: what was built, or why not all was. `isBuilt` says which. */
export function buildNative(root, { isStatic = false, target = architectures[process.arch] } = {}) {
  if (!Object.values(architectures).includes(target)) {
    return none('portwrap-forward', `it knows no processor of the kind ${target ?? process.arch}`);
  }
  const built = Object.keys(programs).map((program) => buildProgram(root, program, { isStatic, target }));
  return {
    isBuilt: built.every(({ isBuilt }) => isBuilt),
    message: [...new Set(built.map(({ message }) => message))].join('\n'),
  };
}

function buildProgram(root, program, { isStatic, target }) {
  const file = nativeFile(root, target, program);
  mkdirSync(join(file, '..'), { recursive: true });
  // a running program cannot be written over, but replaced
  const unfinished = `${file}.${process.pid}`;
  const own = target === architectures[process.arch];
  const names = own ? compilers : [`${target}-linux-gnu-gcc`, `${target}-linux-musl-gcc`];
  const shape = isStatic ? [['-static', '-s']] : [['-fPIE', '-pie'], []];
  const attempts = names.flatMap((name) => [
    ...shape.map((flags) => [name, ...plain, ...hardened, ...flags]),
    [name, ...plain, ...shape.at(-1)],
  ]);
  let firstError = '';
  for (const [compiler, ...flags] of attempts) {
    const files = nativeSources(root, program).filter((path) => path.endsWith('.c'));
    const include = foldersOf(root, program).map((folder) => `-I${folder}`);
    const run = spawnSync(compiler, [...flags, ...include, '-o', unfinished, ...files], { encoding: 'utf8' });
    if (run.status === 0) {
      renameSync(unfinished, file);
      return { isBuilt: true, message: `${file} (${compiler})` };
    }
    rmSync(unfinished, { force: true });
    if (run.error === undefined) firstError ||= `${compiler}: ${run.stderr.trim().split('\n')[0]}`;
  }
  return none(program, firstError || `there is no C compiler here (${names.join(', ')})`);
}

const without = {
  'portwrap-forward': 'Without it the forwarder is slirp4netns.',
  'portwrap-init': 'Without it preload is not used.',
  'portwrap-wrapper': 'Without it each launch takes some milliseconds more.',
  'portwrap-enter': 'Without it sandboxes cannot be entered.',
};

function none(program, reason) {
  return { isBuilt: false, message: `${program} is not built: ${reason}. ${without[program]}` };
}

const foldersOf = (root, program) => programs[program].map((name) => join(root, 'native', name));

function nativeSources(root, program) {
  return foldersOf(root, program).flatMap((folder) =>
    readdirSync(folder, { recursive: true })
      .filter((name) => /\.[ch]$/.test(name))
      .map((name) => join(folder, name))
      .sort(),
  );
}

function modified(path) {
  return statSync(path).mtimeMs;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = { static: { type: 'boolean', default: false }, target: { type: 'string' } };
  const { values } = parseArgs({ options });
  const root = fileURLToPath(new URL('..', import.meta.url));
  const { isBuilt, message } = buildNative(root, { isStatic: values.static, target: values.target });
  if (!isBuilt) process.stderr.write(`${message}\n`);
  // whoever asks for another processor wants that file
  if (!isBuilt && values.target !== undefined) process.exitCode = 1;
}
