-- Each request from another client, by its User-Agent: one that asks for a blob again is not sent to a mirror again.
local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("id", threads)
end

-- Nor may a run repeat the one before.
local run = os.time()
local requests = 0
function request()
  requests = requests + 1
  wrk.headers["User-Agent"] = "bench/" .. run .. "." .. id .. "." .. requests
  return wrk.format()
end
