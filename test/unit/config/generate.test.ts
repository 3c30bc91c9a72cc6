// The files that are made from the schema: current, complete, and true.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type GeneratedFile, generatedFiles } from '../../../config/generate/files.ts';
import { type Key, keysOf, writtenForm } from '../../../config/generate/key.ts';
import { parseConfig } from '../../../config/load.ts';
import { configSchema } from '../../../config/schema.ts';

const keys = keysOf(writtenForm(configSchema));
const everyKey = (from: readonly Key[]): Key[] => from.flatMap((key) => [key, ...everyKey(key.keys)]);

const committed = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const example = committed('hub-config.example.yaml');

describe('what is committed is what the generator writes', () => {
  test.each(generatedFiles().map(({ path, text }): [string, string] => [path, text]))('%s', (path, text) => {
    expect(committed(path), 'run "npm run generate"').toBe(text);
  });

  test('and it writes the same every time', () => {
    const texts = (files: readonly GeneratedFile[]) => files.map(({ text }) => text);
    expect(texts(generatedFiles())).toEqual(texts(generatedFiles()));
  });
});

describe('hub-config.example.yaml', () => {
  test('loads as it stands, and says nothing but the defaults', () => {
    const least = parseConfig('hubs: [{name: hub, token_env: PORTWRAP_HUB_TOKEN}]', 'f');
    expect(parseConfig(example, 'hub-config.example.yaml')).toEqual(least);
  });

  test('has every key at its place, commented out or not', () => {
    const uncommented = example.replaceAll(
      /^((?: {2})*)#?((?: {2})*)#?((?: {2})*(?:- )?)(?=\w+:(?: |$))/gm,
      '$1$2$3',
    );
    const missing = (from: readonly Key[], value: unknown): string[] =>
      from.flatMap(({ name, keys: below, isList }) => {
        const found: unknown = Object(value)[name];
        return found === undefined ? [name] : missing(below, isList ? Object(found)[0] : found);
      });
    expect(missing(keys, parse(uncommented, { uniqueKeys: false }))).toEqual([]);
  });

  test('explains every key in the words of the schema', () => {
    const words = (text: string) => text.replaceAll(/[\s#]+/g, ' ');
    for (const { help } of everyKey(keys)) expect(words(example)).toContain(words(help));
  });

  test('has a proxy, an admin page and links that are accepted once their "#" is gone', () => {
    const withAll = example
      .replaceAll(/^(?:proxy|admin_page|port_links): null\n/gm, '')
      .replaceAll(/^#((?:proxy|admin_page|port_links):| )(?= |$)/gm, '$1');
    expect(parseConfig(withAll, 'f')).toMatchObject({
      proxy: { api_url: 'http://127.0.0.1:8001', token_env: 'CONFIGPROXY_AUTH_TOKEN' },
      admin_page: { hub: null, service_name: 'portwrap', token_env: 'PORTWRAP_PAGE_TOKEN' },
      port_links: { listen: { kind: 'tcp', host: '127.0.0.1', port: 8097 }, domain: null, idle_timeout: 300 },
    });
  });

  test('has a token_file that is accepted in place of token_env', () => {
    const withFile = example.replace('token_env:', '#token_env:').replace('#token_file:', 'token_file:');
    expect(parseConfig(withFile, 'f').hubs[0]?.token_file).toBe('/etc/portwrap-spawner/hub-token');
  });

  test('has a token that is refused until it is replaced', () => {
    const withToken = example.replace('token_env:', '#token_env:').replace('#token:', 'token:');
    expect(() => parseConfig(withToken, 'f')).toThrow(/hubs\[0\]\.token: its value must be 16 to 512/);
  });

  test('shows other values that are accepted in place of the defaults', () => {
    const alternative = /^( +)(\w+): .*\n\1#(\2: .*)$/gm;
    expect(example.match(alternative)?.length).toBeGreaterThan(4);
    const changed = parseConfig(example.replaceAll(alternative, '$1$3'), 'f');
    expect(changed.service.state_dir).not.toBe('/run/portwrap-spawner');
    expect(changed.profiles[0]?.network.host_ports).toEqual([5432]);
  });
});

describe('every key of the schema', () => {
  test.each(everyKey(keys).map((key): [string, Key] => [key.name, key]))('%s is explained', (_name, key) => {
    expect(key.help).toMatch(/^\S.{15,}[.?]$/);
    expect(key.required || key.default !== undefined || key.examples.length > 0).toBe(true);
  });

  test('a number says its unit or what it counts in its help', () => {
    const numbers = everyKey(keys).filter(({ type }) => type.includes('number'));
    expect(numbers.length).toBeGreaterThan(3);
    for (const { name, help } of numbers)
      expect(help, name).toMatch(/seconds|ports?\b|uid|servers|value|bytes|CPUs|processes|files/i);
  });
});

describe('docs/configuration.md', () => {
  const page = committed('docs/configuration.md');

  test('has a row or a section for every key', () => {
    for (const { name, keys: below } of everyKey(keys)) {
      expect(page).toMatch(
        below.length > 0 ? new RegExp(`^## \`[\\w.[\\]]*${name}`, 'm') : `| \`${name}\` |`,
      );
    }
  });

  test('shows a least file that is accepted', () => {
    const least = /```yaml\n(.*?)```/s.exec(page)?.[1] ?? '';
    expect(parseConfig(least, 'f').hubs).toHaveLength(1);
  });

  test('shows problems as they are reported', () => {
    const text =
      '#\n#\nservice:\n  lisen: x\nhubs:\n  - name: hub\n    token_env: T\nports:\n    range: 29999-20000\n';
    const shown = /```text\n(.*?)\n```/s.exec(page)?.[1] ?? '';
    expect(() => parseConfig(text, 'hub-config.yaml')).toThrow(shown);
  });
});
