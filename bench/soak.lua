-- wrk: good, refused, bad and broken requests in turn, for bench/soak.py.  TOKEN is the caller's.
local host = "Host: 127.0.0.1\r\n"
local token = "Authorization: Bearer " .. os.getenv("TOKEN") .. "\r\n"
local path = "/vpcs/vpc-2ari9m7h/classiclinks"

local function with_body(line, fields, body)
    return line .. " HTTP/1.1\r\n" .. host .. fields .. "Content-Type: application/json\r\nContent-Length: " .. #body ..
        "\r\n\r\n" .. body
end

local good = with_body("DELETE " .. path, token, '{"instanceIds":["ins-df454d"]}')
local list = "GET /vpcs HTTP/1.1\r\n" .. host .. token .. "\r\n"
local others = {
    list,
    with_body("DELETE /vpcs/vpc-other/classiclinks", token, '{"instanceIds":["ins-df454d"]}'),     -- denied
    with_body("DELETE " .. path, "Authorization: Bearer wrong\r\n", '{"instanceIds":["ins-df454d"]}'),
    with_body("DELETE " .. path, token, '{"instanceIds":["ins-df454d"],"x":1}'),
    with_body("DELETE " .. path, token, string.rep("[", 5000)),
    "GET /nowhere HTTP/1.1\r\n" .. host .. token .. "\r\n",
    with_body("DELETE " .. path, token .. "Connection: close\r\n", '{"instanceIds":["ins-df454d"]}'),
    "GET /vpcs?all=true HTTP/1.1\r\n" .. host .. token .. "\r\n",
    "GET /vpcs HTTP/1.1\r\n" .. host .. "Host : again\r\n\r\n",                                  -- broken
}

local turn = 0
function request()
    turn = turn + 1
    if turn % 4 ~= 0 then
        return good
    end
    return others[turn / 4 % #others + 1]
end
