// The gateway's main job in Node: node.js PORT SCHEME UPSTREAM_PORT CA_FILE TOKEN_HASH
const crypto = require('crypto');
const fs = require('fs');
const [port, scheme, upstream, ca, tokenHash] = process.argv.slice(2);
const http = require('http');
const client = require(scheme);
const agent = new client.Agent({ keepAlive: true, maxSockets: 256, ca: fs.readFileSync(ca), servername: 'localhost' });
const id = 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA';
const key = 'Gu5t9xGARNpq86cd98joQYCN3Cozk1qA';
let nonce = Math.floor(Math.random() * 1000000) + 1;

function refuse(res, status) {
    res.writeHead(status, { 'Content-Type': 'application/problem+json' });
    res.end(JSON.stringify({ status }));
}

function sign(vpc, instances) {
    const pairs = ['Action=DetachClassicLinkVpc', 'Nonce=' + nonce++, 'Region=ap-guangzhou', 'SecretId=' + id,
        'SignatureMethod=HmacSHA256', 'Timestamp=' + Math.floor(Date.now() / 1000), 'vpcId=' + vpc,
        ...instances.map((instance, i) => `instanceIds.${i}=${instance}`)].sort();
    const query = pairs.join('&');
    const signature = crypto.createHmac('sha256', key).update('GETvpc.api.qcloud.com/v2/index.php?' + query)
        .digest('base64');
    return query + '&Signature=' + encodeURIComponent(signature);
}

function forward(res, query) {
    const options = { host: '127.0.0.1', port: upstream, path: '/v2/index.php?' + query, agent,
        headers: { Host: 'vpc.api.qcloud.com', Accept: 'application/json' } };
    client.get(options, reply => {
        const parts = [];
        reply.on('data', part => parts.push(part));
        reply.on('end', () => {
            const bytes = Buffer.concat(parts);
            const good = reply.statusCode === 200 && JSON.parse(bytes).code === 0;
            res.writeHead(good ? 202 : 502, { 'Content-Type': 'application/json', 'Content-Length': bytes.length });
            res.end(bytes);
        });
    }).on('error', () => refuse(res, 502));
}

http.createServer((req, res) => {
    const token = /^Bearer ([\w\-.~+/]+=*)$/.exec(req.headers.authorization || '');
    if (!token || crypto.createHash('sha256').update(token[1]).digest('hex') !== tokenHash)
        return refuse(res, 401);
    const path = /^\/vpcs\/(vpc-[0-9a-z]+)\/classiclinks$/.exec(req.url);
    if (!path || req.method !== 'DELETE')
        return refuse(res, 404);
    const parts = [];
    req.on('data', part => parts.push(part));
    req.on('end', () => {
        let body;
        try {
            body = JSON.parse(Buffer.concat(parts));
        } catch (e) {
            return refuse(res, 400);
        }
        if (!Array.isArray(body.instanceIds) || !body.instanceIds.every(i => /^ins-[0-9a-z]+$/.test(i)))
            return refuse(res, 400);
        forward(res, sign(path[1], body.instanceIds));
    });
}).listen({ port, host: '127.0.0.1', backlog: 1024 });
