// The issue forms are what GitHub takes for forms: it shows a form that it cannot read as an error, to reporters only.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const directory = join(import.meta.dirname, '../../../.github/ISSUE_TEMPLATE');
const read = (name: string): unknown => parse(readFileSync(join(directory, name), 'utf8'));

// https://docs.github.com/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema
const question = z.strictObject({
  type: z.enum(['input', 'textarea']),
  id: z.string().regex(/^[\w-]+$/),
  attributes: z.strictObject({
    label: z.string().min(1),
    description: z.string().optional(),
    placeholder: z.string().optional(),
    render: z.string().optional(),
  }),
  validations: z.strictObject({ required: z.boolean() }).optional(),
});
const remark = z.strictObject({
  type: z.literal('markdown'),
  attributes: z.strictObject({ value: z.string() }),
});
const form = z.strictObject({
  name: z.string().min(1),
  description: z.string().min(1),
  labels: z.array(z.string()),
  body: z.array(z.union([question, remark])).min(1),
});
const chooser = z.strictObject({
  blank_issues_enabled: z.boolean(),
  contact_links: z.array(z.strictObject({ name: z.string(), url: z.url(), about: z.string() })),
});

const forms = readdirSync(directory).filter((name) => name !== 'config.yml');

test.each(forms)('%s is a form whose questions have ids of their own', (name) => {
  const { body } = form.parse(read(name));
  const ids = body.flatMap((part) => ('id' in part ? [part.id] : []));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThan(1);
});

test('config.yml is what the page that offers the forms reads', () => {
  expect(chooser.safeParse(read('config.yml')).error).toBeUndefined();
});
