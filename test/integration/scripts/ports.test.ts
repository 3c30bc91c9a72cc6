// npm start before it starts anything: what it says about its settings.
import { afterEach, describe, expect, test } from 'vitest';
import { freePorts } from '../../support/machine/free-ports.ts';
import { holdPort, Script } from './support/script.ts';

describe('npm start refuses', () => {
  const open: { dispose(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one.dispose();
  });

  async function refusal(env: Record<string, string>): Promise<{ code: number | null; output: string }> {
    const script = new Script('start.mjs', env);
    open.push(script);
    const { code } = await script.ended;
    expect(script.left()).toEqual([]);
    return { code, output: script.output };
  }

  test('taken ports, naming all of them with their use and the variable that changes them', async () => {
    const [first, second] = [await holdPort(), await holdPort()];
    open.push({ dispose: first.release }, { dispose: second.release });
    const [api, service, page] = await freePorts(3);
    const { code, output } = await refusal({
      PORTWRAP_PORT: `${first.port}`,
      PORTWRAP_HUB_PORT: `${second.port}`,
      PORTWRAP_PROXY_API_PORT: `${api}`,
      PORTWRAP_SERVICE_PORT: `${service}`,
      PORTWRAP_PAGE_PORT: `${page}`,
    });
    expect(code).toBe(98);
    expect(output).toContain(
      `${first.port}  is taken: the address that you open in a browser; choose another with PORTWRAP_PORT=PORT`,
    );
    expect(output).toContain(
      `${second.port}  is taken: JupyterHub; choose another with PORTWRAP_HUB_PORT=PORT`,
    );
    expect(output).not.toContain(`${api}  is`);
    expect(output).not.toContain(`${service}  is`);
  });

  test('one port for two uses', async () => {
    const [a, b, c, d] = await freePorts(4);
    const { code, output } = await refusal({
      PORTWRAP_PORT: `${a}`,
      PORTWRAP_HUB_PORT: `${a}`,
      PORTWRAP_PROXY_API_PORT: `${b}`,
      PORTWRAP_SERVICE_PORT: `${c}`,
      PORTWRAP_PAGE_PORT: `${d}`,
    });
    expect(code).toBe(98);
    expect(output).toContain(`${a}  is also PORTWRAP_PORT: JupyterHub`);
  });

  test.each([
    ['PORTWRAP_PORT', 'http'],
    ['PORTWRAP_HUB_PORT', '0'],
    ['PORTWRAP_SERVICE_PORT', '65536'],
    ['PORTWRAP_PORT_RANGE', '20000'],
  ])('%s=%s, saying what to write', async (variable, value) => {
    const { code, output } = await refusal({ [variable]: value });
    expect(code).toBe(64);
    expect(output).toMatch(new RegExp(`${variable} is "${value}": write`));
  });
});
