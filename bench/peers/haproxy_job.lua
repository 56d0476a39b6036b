-- The gateway's main job in HAProxy's Lua: DELETE /vpcs/{vpcId}/classiclinks to a signed DetachClassicLinkVpc.  Hash, HMAC
-- and encodings are HAProxy's own converters, in C; its Lua has no regular expressions but Lua's patterns.
local cjson = require "cjson.safe"
local hash = os.getenv("TOKENHASH")
local id, key = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA", "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"
local tokens = { [hash:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end)] = "bench" }
local nonce = os.time() % 1000000000
local secret

local function refuse(txn, status)
    txn:done(txn:reply { status = status, headers = { ["content-type"] = { "application/problem+json" } },
        body = '{"status":' .. status .. "}" })
end

core.register_action("job", { "http-req" }, function(txn)
    local fetch, convert = txn.sf, txn.c
    local token = fetch:req_fhdr("authorization"):match("^Bearer ([A-Za-z0-9%-._~+/]+=*)$")
    if not token or not tokens[convert:sha2(token, 256)] then return refuse(txn, 401) end
    local vpc = fetch:path():match("^/vpcs/(vpc%-[0-9a-z]+)/classiclinks$")
    if not vpc or fetch:method() ~= "DELETE" then return refuse(txn, 404) end
    local body = cjson.decode(fetch:req_body() or "")
    if type(body) ~= "table" or type(body.instanceIds) ~= "table" then return refuse(txn, 400) end
    nonce = nonce + 1
    local fields = { "Action=DetachClassicLinkVpc", "Nonce=" .. nonce, "Region=ap-guangzhou", "SecretId=" .. id,
        "SignatureMethod=HmacSHA256", "Timestamp=" .. os.time(), "vpcId=" .. vpc }
    for i, instance in ipairs(body.instanceIds) do
        if type(instance) ~= "string" or not instance:match("^ins%-[0-9a-z]+$") then return refuse(txn, 400) end
        fields[#fields + 1] = "instanceIds." .. (i - 1) .. "=" .. instance
    end
    table.sort(fields)
    local query = table.concat(fields, "&")
    secret = secret or convert:base64(key)
    local signature = convert:base64(convert:hmac("GETvpc.api.qcloud.com/v2/index.php?" .. query, "sha256", secret))
    txn.http:req_set_method("GET")
    txn.http:req_set_uri("/v2/index.php?" .. query .. "&Signature=" .. signature:gsub("[+/=]", { ["+"] = "%2B", ["/"] = "%2F", ["="] = "%3D" }))
    txn.http:req_set_header("content-length", "0")
end, 0)

-- What the caller sent stays here: an action cannot empty a body, a filter can.
local bodyless = { id = "bodyless", flags = filter.FLT_CFG_FL_HTX }
bodyless.__index = bodyless

function bodyless:new()
    return setmetatable({}, bodyless)
end

function bodyless:start_analyze(txn, channel)
    if not channel:is_resp() then filter.register_data_filter(self, channel) end
end

function bodyless:http_payload(txn, message)
    message:remove()
end

core.register_filter("bodyless", bodyless, function(filter_class) return filter_class end)
