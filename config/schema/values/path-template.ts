// A path with {placeholders}: known ones only, and all required ones.
// Not here: replacing them.
import { z } from 'zod';

interface TemplateRules {
  readonly placeholders: readonly string[];
  readonly required: readonly string[];
  /** How it begins. */
  readonly start: '/' | '/ or {prefix}' | '/ or {home}' | '/ or {home}, or - before it';
}

const starts = {
  '/': /^\//,
  '/ or {prefix}': /^(?:\/|\{prefix\})/,
  '/ or {home}': /^(?:\/|\{home\})/,
  '/ or {home}, or - before it': /^-?(?:\/|\{home\})/,
};

export function pathTemplate({ placeholders, required, start }: TemplateRules) {
  const known = placeholders.map((name) => `{${name}}`).join(', ');
  return z
    .string()
    .regex(starts[start], { error: `must begin with ${start}` })
    .regex(/^[^\0\s]*$/, { error: 'must not contain spaces' })
    .superRefine((template, ctx) => {
      const used = [...template.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name);
      const strange = used.filter((name) => !placeholders.includes(name));
      const stray = /[{}]/.test(template.replaceAll(/\{[^{}]*\}/g, ''));
      if (strange.length > 0 || stray) ctx.addIssue(`must have no placeholder but ${known}`);
      for (const name of required) {
        if (!used.includes(name)) ctx.addIssue(`must contain {${name}}, or users would share it`);
      }
    });
}
