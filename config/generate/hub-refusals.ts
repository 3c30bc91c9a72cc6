// hub/portwrap_spawner/outcome/refusals.py: the error codes of a refused start with the status of the hub's response.

/** The text of the module. */
export function hubRefusals(statuses: ReadonlyMap<string, number>): string {
  const lines = [...statuses].map(([code, status]) => `    "${code}": ${status},\n`);
  return `${head}${lines.join('')}}\n`;
}

const head = `"""Refusals of a start that the person who asked can understand, with their HTTP status.

Made from config/errors.ts by "npm run generate".
"""

from __future__ import annotations

# Everything else is an error of the server.
REFUSALS = {
`;
