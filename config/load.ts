// Loads a configuration file for the service: reads and parses it, resolves secrets, freezes the result.
// Not here: the keys (schema.ts), the wording of problems (issue.ts).
import { readFileSync, statSync } from 'node:fs';
import { type ConfigDocument, readDocument } from './document.ts';
import { PortwrapError } from './errors.ts';
import { frozenCopy } from './freeze.ts';
import { problemsOf } from './issue.ts';
import { privateFiles } from './private-files.ts';
import { configInvalid, type Problem } from './problem.ts';
import { type Environment, resolveSecrets } from './resolve-secrets.ts';
import { type Config, type ConfigFile, configSchema } from './schema.ts';

export type { Environment } from './resolve-secrets.ts';
export type {
  AdminPage,
  Config,
  ConfigFile,
  Hub,
  ListenAddress,
  NetworkPolicy,
  Profile,
  ProfileOption,
  Proxy,
} from './schema.ts';

/**
 * Reads the YAML file at `path`; `token_env` names a variable of `env`.
 * Throws CONFIG_UNREADABLE if the file cannot be read, CONFIG_INVALID with all of its problems.
 */
export function loadConfig(path: string, env: Environment): Config {
  const { text, mode } = read(path);
  const { file, document } = parse(text, path);
  const problems: Problem[] = [];
  const config = resolveSecrets(file, {
    env,
    configFile: { path, mode },
    report: (key, fault) => problems.push({ ...document.positionOf(key), path: key, text: fault }),
  });
  if (problems.length > 0) throw configInvalid(path, problems);
  return frozenCopy({ ...config, private_files: privateFiles(path, file) });
}

/** The same without resolving secrets: for commands that need none. */
export function loadConfigFile(path: string): ConfigFile {
  return frozenCopy(parse(read(path).text, path).file);
}

/**
 * Parses and checks the text of a configuration file, and reads nothing else; secrets are not resolved.
 * `fileName` is used only in the error, CONFIG_INVALID with all problems.
 */
export function parseConfig(text: string, fileName: string): ConfigFile {
  return frozenCopy(parse(text, fileName).file);
}

function parse(text: string, fileName: string): { file: ConfigFile; document: ConfigDocument } {
  const document = readDocument(text);
  if (document.problems.length > 0) throw configInvalid(fileName, document.problems);
  const result = configSchema.safeParse(document.value);
  if (result.success) return { file: result.data, document };
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue, document, configSchema));
  throw configInvalid(fileName, problems);
}

function read(path: string): { text: string; mode: number } {
  try {
    return { text: readFileSync(path, 'utf8'), mode: statSync(path).mode };
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : '';
    const text = readFaults[reason] ?? `cannot be read (${reason})`;
    throw new PortwrapError('CONFIG_UNREADABLE', `${path}: ${text}`, {
      hint: readHints[reason],
      cause: error,
    });
  }
}

const readHints: Readonly<Partial<Record<string, string>>> = {
  ENOENT: 'Check the path. "portwrap-spawner setup" writes a first configuration.',
};

const readFaults: Readonly<Partial<Record<string, string>>> = {
  ENOENT: 'the file does not exist',
  EACCES: 'this account cannot read the file (permission denied)',
  EISDIR: 'it is a directory; it must be a file',
};
