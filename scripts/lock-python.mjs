// Writes demo/python/requirements.txt, every package with its version and the hashes of its wheels, from the short list
// requirements.in: node scripts/lock-python.mjs. It resolves once for all Pythons of the list below, with uv from PyPI.
// Not here: installing the packages (setup/python-environment.mjs).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'smol-toml';
import { main, run, say, step } from './setup/say.mjs';

const uv = 'uv==0.13.9';
const oldestPython = '3.11'; // Debian 12
const pythons = ['cp311', 'cp312', 'cp313', 'cp314', 'abi3'];
const machines = ['x86_64', 'aarch64'];

const head = `# Written by scripts/lock-python.mjs from requirements.in: wheels for Linux with glibc, ${machines.join(' and ')},
# CPython ${oldestPython} and newer.
`;

const folder = fileURLToPath(new URL('demo/python/', import.meta.url));

await main(async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'portwrap-lock-'));
  try {
    const packages = await step('Resolving with uv', () => resolve(scratch));
    const text = packages.map(requirement).join('');
    writeFileSync(join(folder, 'requirements.txt'), `${head}${text}`);
    say(`${packages.length} packages are in ${folder}requirements.txt.`);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

/** Returns the packages of uv's lock: https://packaging.python.org/en/latest/specifications/pylock-toml/ */
async function resolve(scratch) {
  const python = join(scratch, 'venv', 'bin', 'python');
  await run('/usr/bin/python3', ['-m', 'venv', join(scratch, 'venv')]);
  await run(python, ['-m', 'pip', 'install', '--quiet', uv]);
  writeFileSync(
    join(scratch, 'pyproject.toml'),
    `[tool.uv]\nenvironments = ["sys_platform == 'linux' and implementation_name == 'cpython'"]\n`,
  );
  writeFileSync(join(scratch, 'requirements.in'), readFileSync(join(folder, 'requirements.in')));
  const lock = join(scratch, 'pylock.toml');
  const argv = [
    ...['pip', 'compile', '--quiet', '--universal', '--python-version', oldestPython],
    ...['--only-binary', ':all:', '--format', 'pylock.toml', '--directory', scratch],
    ...['--output-file', lock, 'requirements.in'],
  ];
  await run(join(scratch, 'venv', 'bin', 'uv'), argv, { env: indexOf(python) });
  return parse(readFileSync(lock, 'utf8')).packages;
}

/** uv does not read pip's configuration. */
function indexOf(python) {
  const settings = execFileSync(python, ['-m', 'pip', 'config', 'list'], { encoding: 'utf8' });
  const find = (key) => new RegExp(`\\.${key}='(.*)'$`, 'm').exec(settings)?.[1];
  const found = { UV_DEFAULT_INDEX: find('index-url'), SSL_CERT_FILE: find('cert') };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

function requirement({ name, version, marker, wheels }) {
  const hashes = wheels.filter(isForUs).map(({ hashes: { sha256 } }) => `    --hash=sha256:${sha256}`);
  if (hashes.length === 0) throw new Error(`${name} ${version} has no wheel for Linux`);
  const condition = shorter(marker ?? '');
  const line = `${name}==${version}${condition === '' ? '' : ` ; ${condition}`}`;
  return `${[line, ...hashes.sort()].join(' \\\n')}\n`;
}

/** https://packaging.python.org/en/latest/specifications/binary-distribution-format/ */
function isForUs({ name, url }) {
  const file = name ?? new URL(url).pathname.split('/').at(-1);
  const [platform, abi, python] = file
    .replace(/\.whl$/, '')
    .split('-')
    .reverse();
  if (platform === 'any') return python.split('.').some((tag) => tag.startsWith('py3'));
  return (
    platform.includes('manylinux') &&
    machines.some((machine) => platform.endsWith(machine)) &&
    pythons.some((tag) => abi.split('.').includes(tag) || python.split('.').includes(tag))
  );
}

/** Without what holds for all of our environments. */
function shorter(marker) {
  const always = [
    `python_full_version >= '${oldestPython}'`,
    "implementation_name == 'cpython'",
    "sys_platform == 'linux'",
  ];
  if (marker.includes(' or ')) return marker;
  return marker
    .split(' and ')
    .filter((part) => !always.includes(part))
    .join(' and ');
}
