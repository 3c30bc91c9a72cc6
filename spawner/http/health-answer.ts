// The response to a health request, as schemas for the OpenAPI document. The status alone says whether servers can be
// started. Not here: the checks (health/health.ts).
import { z } from 'zod';
import type { HealthReport } from '../health/health.ts';

const reason = z.object({ code: z.string(), message: z.string(), hint: z.string() });

export const healthSchema = z.object({
  status: z.enum(['ok', 'degraded', 'failing']),
  /** The one that ends all starts first. */
  reasons: z.array(reason),
});
type HealthBody = z.infer<typeof healthSchema>;

/** An error like any other, of the first reason; without the rest while the service starts up. */
export const healthErrorSchema = reason.extend(healthSchema.partial().shape);

export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly body: HealthBody | z.infer<typeof healthErrorSchema>;
}

export function healthAnswer({ status, reasons }: HealthReport): HealthAnswer {
  const sorted = [...reasons].sort((a, b) => Number(b.endsStarts) - Number(a.endsStarts));
  const told = sorted.map(({ code, message, hint }) => ({ code, message, hint }));
  const body = { status, reasons: told };
  const [first] = told;
  return status === 'failing' ? { status: 503, body: { ...first, ...body } } : { status: 200, body };
}

/** One line for each reason, for people and for checks that know only text. */
export function healthText(report: HealthReport): string {
  const { reasons = [] } = healthAnswer(report).body;
  return [report.status, ...reasons.map(({ code, message, hint }) => `${code}: ${message}. ${hint}`)]
    .map((line) => `${line}\n`)
    .join('');
}
