// The servers that users have started, through the service's protocol (docs/protocol.md).

/** Stops every server; returns their number. Throws if the service is unreachable. */
export async function stopServers(serviceUrl, token) {
  const headers = { authorization: `token ${token}` };
  const users = await ask(`${serviceUrl}/api/users`, { headers });
  const addresses = users.flatMap((user) =>
    serversOf(user).map(({ name }) => {
      const server = name === '' ? 'server' : `servers/${encodeURIComponent(name)}`;
      return `${serviceUrl}/api/users/${encodeURIComponent(user.name)}/${server}`;
    }),
  );
  await Promise.all(addresses.map((address) => ask(address, { headers, method: 'DELETE' })));
  return addresses.length;
}

function serversOf(user) {
  return Object.entries(user.servers).map(([name, server]) => ({ ...server, name }));
}

async function ask(url, init) {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(60_000) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${init.method ?? 'GET'} ${url}: ${answer.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}
