-- wrk: the main job, with the token of bench/figures.sh.  No response() here: calling Lua for every answer would
-- cost the load generator more than the gateway spends on it.
wrk.method = "DELETE"
wrk.body = os.getenv("BODY") or '{"instanceIds":["ins-df454d"]}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")
if (os.getenv("CLOSE") or "") ~= "" then
    wrk.headers["Connection"] = "close"
end
wrk.path = os.getenv("REQUEST_PATH") or "/vpcs/vpc-2ari9m7h/classiclinks"

-- Through another door: a method, and header lines that replace those above.
wrk.method = os.getenv("METHOD") or wrk.method
for name, value in (os.getenv("HEADERS") or ""):gmatch("([^\n:]+): ([^\n]*)") do
    wrk.headers[name] = value ~= "" and value or nil
end

-- With KEYED each request has an Idempotency-Key of its own: of the run, the thread and the request.
if os.getenv("KEYED") then
    local threads = 0
    function setup(thread)
        threads = threads + 1
        thread:set("number", threads)
    end
    local count = 0
    function request()
        count = count + 1
        wrk.headers["Idempotency-Key"] = os.getenv("KEYED") .. "-" .. number .. "-" .. count
        return wrk.format()
    end
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format("requests %d, not 2xx or 3xx %d, socket errors %d\n", summary.requests, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout))
    io.write(string.format("latency ms: p50 %.3f, p99 %.3f, max %.3f\n", latency:percentile(50) / 1000,
        latency:percentile(99) / 1000, latency.max / 1000))
end

-- With THINK_MS each client pauses that long before its next request: 256 clients that do not saturate the machine.
local think = tonumber(os.getenv("THINK_MS") or "0")
if think > 0 then
    function delay()
        return think
    end
end
