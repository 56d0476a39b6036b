-- The gateway's main job in Lua: DELETE /vpcs/{vpcId}/classiclinks to a signed DetachClassicLinkVpc.  HMAC and SHA-256
-- come from libcrypto by way of LuaJIT's ffi, the fastest that a team could choose; patterns are PCRE's, compiled once;
-- the token's hash is compared as it is, without being written in hexadecimal.
local ffi = require "ffi"
local cjson = require "cjson.safe"
ffi.cdef [[
const void *EVP_sha256(void);
unsigned char *HMAC(const void *md, const void *key, int length, const char *data, size_t size, unsigned char *out,
    unsigned int *out_size);
unsigned char *SHA256(const char *data, size_t size, unsigned char *out);
]]
local crypto = ffi.load("libcrypto.so.3")
local out = ffi.new("unsigned char[64]")
local size = ffi.new("unsigned int[1]")
local md = crypto.EVP_sha256()
local id, key = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA", "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"
local tokens = {}
local match = ngx.re.match
local job = { nonce = math.floor(ngx.now() * 1000) % 1000000000 }

function job.configure(hash)
    tokens[hash:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end)] = "bench"
end

local function refuse(status)
    ngx.status = status
    ngx.header["Content-Type"] = "application/problem+json"
    ngx.say('{"status":' .. status .. "}")
    return ngx.exit(status)
end

function job.run()
    local var = ngx.var
    local token = match(var.http_authorization or "", [[^Bearer ([A-Za-z0-9\-._~+/]+=*)$]], "jo")
    if not token then return refuse(401) end
    crypto.SHA256(token[1], #token[1], out)
    local client = tokens[ffi.string(out, 32)]
    if not client then return refuse(401) end
    local path = match(var.uri, [[^/vpcs/(vpc-[0-9a-z]+)/classiclinks$]], "jo")
    if not path or ngx.req.get_method() ~= "DELETE" then return refuse(404) end
    ngx.req.read_body()
    local body = cjson.decode(ngx.req.get_body_data() or "")
    if type(body) ~= "table" or type(body.instanceIds) ~= "table" then return refuse(400) end
    job.nonce = job.nonce + 1
    local pairs_ = { "Action=DetachClassicLinkVpc", "Nonce=" .. job.nonce, "Region=ap-guangzhou", "SecretId=" .. id,
        "SignatureMethod=HmacSHA256", "Timestamp=" .. ngx.time(), "vpcId=" .. path[1] }
    for i, instance in ipairs(body.instanceIds) do
        if type(instance) ~= "string" or not match(instance, [[^ins-[0-9a-z]+$]], "jo") then return refuse(400) end
        pairs_[#pairs_ + 1] = "instanceIds." .. (i - 1) .. "=" .. instance
    end
    table.sort(pairs_)
    local query = table.concat(pairs_, "&")
    local text = "GETvpc.api.qcloud.com/v2/index.php?" .. query
    crypto.HMAC(md, key, #key, text, #text, out, size)
    local signature = ngx.encode_base64(ffi.string(out, 32))
    if job.logs then var.client, var.vpc, var.instances = client, path[1], table.concat(body.instanceIds, '","') end
    ngx.req.set_method(ngx.HTTP_GET)
    ngx.req.discard_body()
    ngx.req.set_uri("/v2/index.php", false)
    ngx.req.set_uri_args(query .. "&Signature=" .. ngx.escape_uri(signature))
end

return job
