// Value types that options of several programs share. Not here: types of one program (its table).
import type { ValueType } from './program.ts';

export function wholeNumber(low: number, high: number, what = 'a number'): ValueType<number> {
  return {
    parse: (text) => {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
      return value >= low && value <= high ? value : undefined;
    },
    expected: `${what} from ${low} to ${high}`,
  };
}
