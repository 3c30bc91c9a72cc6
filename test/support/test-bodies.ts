// Facts about the bodies of tests, from their sources with TypeScript's parser.
// Not here: the rules (test/unit/house/tests.test.ts).
import ts from 'typescript';

export interface TestBody {
  readonly title: string;
  readonly line: number;
  /** It calls expect or assert, itself or by a function of the same file, or a helper of those names. */
  readonly asserts: boolean;
}

export function parseTests(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

/** Every test of a file; `helpers` are names of imported functions that assert. */
export function testBodies(source: ts.SourceFile, helpers: ReadonlySet<string>): readonly TestBody[] {
  const functions = functionsIn(source);
  const calls = all(source).filter(ts.isCallExpression);
  return calls.filter(isTest).map((call) => ({
    title: call.arguments[0]?.getText(source) ?? '',
    line: source.getLineAndCharacterOfPosition(call.getStart(source)).line + 1,
    asserts: asserts(call.arguments.find(isFunction), functions, helpers, new Set()),
  }));
}

/** Vitest's ways to leave a test out without saying why; test/support/reasons.ts has those that say it. */
export function skipsWithoutReason(source: ts.SourceFile): readonly number[] {
  const silent = ['skip', 'skipIf', 'runIf', 'todo', 'fails', 'only'];
  return all(source)
    .filter(ts.isPropertyAccessExpression)
    .filter(({ name, expression }) => silent.includes(name.text) && isTestFunction(expression))
    .map((access) => source.getLineAndCharacterOfPosition(access.getStart(source)).line + 1);
}

/** `test('…', …)`, `test.each(…)('…', …)`: the call that has the title and the body. */
function isTest(call: ts.CallExpression): boolean {
  if (!call.arguments.some(isFunction) || !isTitle(call.arguments[0])) return false;
  const { expression } = call;
  return isTestName(expression) || (ts.isCallExpression(expression) && isTestFunction(expression.expression));
}

const isTitle = (node: ts.Node | undefined) =>
  node !== undefined && (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node));

/** `test` and its methods: `test.each`, `test.each([…])`. */
function isTestFunction(node: ts.Expression): boolean {
  if (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node))
    return isTestFunction(node.expression);
  return isTestName(node) || (ts.isIdentifier(node) && node.text === 'describe');
}

const isTestName = (node: ts.Node) => ts.isIdentifier(node) && ['test', 'it'].includes(node.text);

type FunctionNode = ts.ArrowFunction | ts.FunctionExpression | ts.FunctionDeclaration | ts.MethodDeclaration;

function isFunction(node: ts.Node): node is FunctionNode {
  return (
    ts.isArrowFunction(node) ||
    ts.isFunctionExpression(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isMethodDeclaration(node)
  );
}

/** Name -> functions of that name, wherever they stand in the file. */
function functionsIn(source: ts.SourceFile): ReadonlyMap<string, readonly ts.Node[]> {
  const found = new Map<string, ts.Node[]>();
  const add = (name: string, node: ts.Node) => found.set(name, [...(found.get(name) ?? []), node]);
  for (const node of all(source)) {
    if (ts.isFunctionDeclaration(node) && node.name !== undefined) add(node.name.text, node);
    if (!ts.isVariableDeclaration(node) && !ts.isPropertyAssignment(node)) continue;
    if (ts.isIdentifier(node.name) && node.initializer !== undefined && isFunction(node.initializer))
      add(node.name.text, node.initializer);
  }
  return found;
}

function asserts(
  body: ts.Node | undefined,
  functions: ReadonlyMap<string, readonly ts.Node[]>,
  helpers: ReadonlySet<string>,
  seen: Set<ts.Node>,
): boolean {
  if (body === undefined || seen.has(body)) return false;
  seen.add(body);
  return all(body)
    .filter(ts.isCallExpression)
    .map(({ expression }) => calledName(expression))
    .some(
      (name) =>
        ['expect', 'assert', ...helpers].includes(name) ||
        (functions.get(name) ?? []).some((node) => asserts(node, functions, helpers, seen)),
    );
}

/** `expect` of `expect.poll(…)` and of `expect(…).toBe(…)`; `f` of `f(…)`; `m` of `x.m(…)`. */
function calledName(node: ts.Expression): string {
  if (ts.isIdentifier(node)) return node.text;
  if (!ts.isPropertyAccessExpression(node)) return '';
  return ts.isIdentifier(node.expression) && ['expect', 'assert'].includes(node.expression.text)
    ? node.expression.text
    : node.name.text;
}

function all(node: ts.Node): ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (child: ts.Node): void => {
    found.push(child);
    ts.forEachChild(child, visit);
  };
  ts.forEachChild(node, visit);
  return found;
}
