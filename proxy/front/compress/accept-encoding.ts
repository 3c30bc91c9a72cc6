// Chooses the content coding of a response by the Accept-Encoding field of its request (RFC 9110, section 12.5.3).
// Not here: whether the response may be compressed (compressible.ts).

export type Encoding = 'br' | 'zstd' | 'gzip';

/**
 * The coding of `offered`, in the order of our preference, that the client prefers; undefined: none, the response goes
 * as it is. Without the field a client accepts any coding, but may know none: it gets none.
 */
export function chooseEncoding(
  field: string | undefined,
  offered: readonly Encoding[],
): Encoding | undefined {
  if (field === undefined) return undefined;
  const weights = weightsOf(field);
  const weightOf = (coding: string): number | undefined => weights.get(coding) ?? weights.get('*');
  let best: Encoding | undefined;
  // identity is acceptable without being named; a client that names it may prefer it
  let most = weights.get('identity') ?? 0;
  for (const coding of offered) {
    const weight = weightOf(coding) ?? 0;
    if (weight > 0 && (best === undefined ? weight >= most : weight > most)) {
      best = coding;
      most = weight;
    }
  }
  return best;
}

/** Weights by coding, in lower case. A malformed weight counts as 0: the coding is not used. */
function weightsOf(field: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const item of field.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
    if (name === '') continue;
    const coding = name === 'x-gzip' ? 'gzip' : name;
    const weight = parameters.length === 0 ? 1 : qValue(parameters.join(';'));
    weights.set(coding, Math.max(weight, weights.get(coding) ?? 0));
  }
  return weights;
}

function qValue(text: string): number {
  const value = /^q[\t ]*=[\t ]*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.exec(text)?.[1];
  return value === undefined ? 0 : Number(value);
}
