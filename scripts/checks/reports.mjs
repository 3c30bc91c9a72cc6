// Counts tests from the reports that vitest and pytest leave. A report that is not there counts nothing.
import { existsSync, readFileSync } from 'node:fs';

/** What a run says; where files were run again, `again` is that run's report, and its word counts for them. */
export function countVitest(path, again = path) {
  if (!existsSync(path)) return nothing;
  const first = testsByFile(path);
  const second = existsSync(again) ? testsByFile(again) : new Map();
  const last = [...new Map([...first, ...second]).values()].flat();
  const having = (...statuses) => last.filter(({ status }) => statuses.includes(status));
  const [passed, failed] = [having('passed'), having('failed')];
  const names = new Set(failed.map(({ name }) => name));
  return {
    passed: passed.length,
    failed: failed.length,
    skipped: last.length - passed.length - failed.length,
    skippedNames: last.filter(({ status }) => status !== 'passed' && status !== 'failed').map(nameOf),
    failures: failed.map(({ name, message }) => ({ name, message })),
    failedFiles: [...new Set(failed.map(({ file }) => file))],
    unsteady: [...first.values()]
      .flat()
      .filter(({ status, name }) => status === 'failed' && !names.has(name))
      .map(({ name, message }) => ({ name, message })),
  };
}

function testsByFile(path) {
  const report = JSON.parse(readFileSync(path, 'utf8'));
  return new Map(
    report.testResults.map(({ name: file, status, message, assertionResults }) => {
      const tests = assertionResults.map((test) => ({
        ...{ file, name: test.fullName, status: test.status },
        message: firstLines((test.failureMessages ?? []).join('\n')),
      }));
      // A file that cannot even be loaded, or whose set-up fails, has no test that could fail.
      const broken = status === 'failed' && !tests.some((test) => test.status === 'failed');
      const whole = {
        file,
        name: `${file} as a whole`,
        status: 'failed',
        message: firstLines(message ?? ''),
      };
      return [file, broken ? [...tests, whole] : tests];
    }),
  );
}

const nameOf = ({ name }) => name;
const ours = (line) => !/^ +at .*node_modules/.test(line);
const firstLines = (text) => text.split('\n').filter(ours).slice(0, 12).join('\n');

export function countPytest(path) {
  if (!existsSync(path)) return nothing;
  const text = readFileSync(path, 'utf8');
  const [suite = ''] = /<testsuite [^>]*>/.exec(text) ?? [];
  const number = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  const skipped = number('skipped');
  const cases = text.matchAll(/<testcase [^>]*name="([^"]*)"[^>]*><(?:failure|error) message="([^"]*)"/g);
  const failures = [...cases].map(([, name, message]) => ({ name, message: firstLines(unescaped(message)) }));
  return { passed: number('tests') - failed - skipped, failed, skipped, failures };
}

function unescaped(text) {
  const marks = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&', '#10': '\n' };
  return text.replace(/&(lt|gt|quot|apos|amp|#10);/g, (_, mark) => marks[mark]);
}

const nothing = { passed: 0, failed: 0, skipped: 0 };
