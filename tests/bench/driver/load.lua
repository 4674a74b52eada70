-- wrk ... -s load.lua URL -- PER FIELD BODY_BYTES VALUE...
--
-- PER "request": each request carries the next of the VALUEs in FIELD, so that all members are used.
-- PER "thread": each thread keeps one, as a client keeps its cookie on its connections.
-- BODY_BYTES above 0 makes it an upload. With BENCH_CLOSE in the environment each request ends its connection.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  local per, field, body_bytes = args[1], args[2], tonumber(args[3])
  if os.getenv("BENCH_CLOSE") then wrk.headers["Connection"] = "close" end
  if body_bytes > 0 then
    wrk.method = "POST"
    wrk.body = string.rep("u", body_bytes)
  end
  local values = #args - 3
  if per == "thread" then
    wrk.headers[field] = args[4 + number % values]
    return
  end
  local requests = {}
  for i = 1, values do
    wrk.headers[field] = args[3 + i]
    requests[i] = wrk.format()
  end
  local last = 0
  function request()
    last = last % values + 1
    return requests[last]
  end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\n{"p50_us": %d, "p99_us": %d, "requests": %d, "errors": %d}\n', latency:percentile(50),
    latency:percentile(99), summary.requests, e.connect + e.read + e.write + e.status + e.timeout))
end
