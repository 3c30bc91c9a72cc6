// The doctor as one module, for whoever loads it only when it is needed.
export type { Check } from './check.ts';
export { doctorExit, runDoctor } from './doctor.ts';
export { renderDoctor } from './render.ts';
