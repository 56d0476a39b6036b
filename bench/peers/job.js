// The gateway's main job in njs.
import crypto from 'crypto';

const id = 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA';
const key = 'Gu5t9xGARNpq86cd98joQYCN3Cozk1qA';

function refuse(r, status) {
    r.headersOut['Content-Type'] = 'application/problem+json';
    r.return(status, '{"status":' + status + '}');
}

function sign(vpc, instances) {
    const pairs = ['Action=DetachClassicLinkVpc', 'Nonce=' + (Math.floor(Math.random() * 2147483646) + 1),
        'Region=ap-guangzhou', 'SecretId=' + id, 'SignatureMethod=HmacSHA256',
        'Timestamp=' + Math.floor(Date.now() / 1000), 'vpcId=' + vpc];
    instances.forEach((instance, i) => pairs.push('instanceIds.' + i + '=' + instance));
    pairs.sort();
    const query = pairs.join('&');
    const signature = crypto.createHmac('sha256', key).update('GETvpc.api.qcloud.com/v2/index.php?' + query)
        .digest('base64');
    return query + '&Signature=' + encodeURIComponent(signature);
}

async function run(r) {
    const token = /^Bearer ([\w\-.~+\/]+=*)$/.exec(r.headersIn.Authorization || '');
    if (!token || crypto.createHash('sha256').update(token[1]).digest('hex') !== r.variables.token_hash)
        return refuse(r, 401);
    const path = /^\/vpcs\/(vpc-[0-9a-z]+)\/classiclinks$/.exec(r.uri);
    if (!path || r.method !== 'DELETE')
        return refuse(r, 404);
    let body;
    try {
        body = JSON.parse(r.requestText);
    } catch (e) {
        return refuse(r, 400);
    }
    if (!Array.isArray(body.instanceIds) || !body.instanceIds.every(i => /^ins-[0-9a-z]+$/.test(i)))
        return refuse(r, 400);
    const reply = await r.subrequest('/v2/index.php', { args: sign(path[1], body.instanceIds), method: 'GET' });
    r.headersOut['Content-Type'] = 'application/json';
    r.return(reply.status === 200 ? 202 : 502, reply.responseText);
}

export default { run };
