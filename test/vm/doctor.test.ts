// doctor looks, and changes nothing.
import { describe, expect } from 'vitest';
import { check } from './check.ts';

describe('doctor', () => {
  for (const account of ['root', 'alice']) {
    check(`portwrap doctor as ${account} finds nothing missing`, async ({ installed: { machine } }) => {
      const { code, output } = await machine.login(account, 'portwrap doctor', { seconds: 300 });
      expect(code, output).toBe(0);
    });
  }

  check(
    'portwrap-spawner doctor as root says of all it finds what mends it',
    async ({ installed: { machine } }) => {
      const { code, output } = await machine.login('root', 'portwrap-spawner doctor', { seconds: 300 });
      // setup has loaded the rule
      expect(output).toMatch(/^host ports +ok /m);
      expect(code, output).toBe(0);
    },
  );

  check(
    'portwrap-spawner doctor as a user ends with 0, or with a reason',
    async ({ installed: { machine } }) => {
      const config = 'hubs: [{name: hub, token_env: T}]\\nservice: {state_dir: /run/user/1000/portwrap}\\n';
      const command = `export T=0123456789abcdef; printf '${config}' > own.yaml; portwrap-spawner doctor --config own.yaml`;
      const { code, output } = await machine.login('alice', command, { seconds: 300 });
      expect([0, 1], output).toContain(code);
      if (code !== 0) expect(output).toContain('fix:');
    },
  );
});
