// client.mjs URL TOKEN KIND - one of the official clients lists, calls, is refused, and tells as a JSON line each what it
// was given, and each message as it came.  KIND: sdk (the client of 2025-11-25), modern (2026-07-28 and nothing else),
// auto (asks which), legacy (the newer package as a client of 2025-11-25).
import { createInterface } from 'node:readline';

const [, , url, token, kind] = process.argv;
const tell = (what, value) => process.stdout.write(JSON.stringify({ what, value }) + '\n');

// Every answer with a message in it, before the client's own code looks at it.
async function watched(input, init) {
    const answer = await fetch(input, init);
    const text = await answer.clone().text();
    if ((answer.headers.get('content-type') ?? '').startsWith('application/json'))
        tell('message', { sent: JSON.parse(init.body), status: answer.status, told: JSON.parse(text) });
    return answer;
}

const transport = { requestInit: { headers: { Authorization: `Bearer ${token}` } }, fetch: watched };
const name = { name: 'test', version: '1' };

async function connect() {
    if (kind === 'sdk') {
        const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
        const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
        const client = new Client(name);
        await client.connect(new StreamableHTTPClientTransport(new URL(url), transport));
        return client;
    }
    const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
    const mode = { modern: { pin: '2026-07-28' }, auto: 'auto', legacy: 'legacy' }[kind];
    const client = new Client(name, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(url), transport));
    return client;
}

// What a call comes to: the result, or how the client's promise was refused.
async function attempt(work) {
    try {
        return { result: await work() };
    } catch (error) {
        return { error: { name: error.constructor.name, code: error.code ?? null, message: String(error.message) } };
    }
}

// A line of standard input is a tool's name and arguments, or null: tools/list.
const client = await connect();
tell('server', { info: client.getServerVersion(), capabilities: client.getServerCapabilities() });
for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    tell('got', await attempt(() => asked === null ? client.listTools() : client.callTool(asked)));
}
await client.close();
