#include "proxy/ops/json_text.hpp"
#include "proxy/ops/status.hpp"

#include <boost/json/array.hpp>

namespace limpet::ops {

namespace json = boost::json;

json::object status_json(const process_facts& facts, bool is_ready, double start_unix_seconds,
                         json::object members) {
  json::array restart_needed;
  for (const auto& key : facts.restart_needed)
    restart_needed.emplace_back(to_utf8(key));
  json::object out{{"version", facts.version},
                   {"placement", routing::placement_name},
                   {"start_unix_seconds", static_cast<std::int64_t>(start_unix_seconds)},
                   {"workers", facts.workers},
                   {"ready", is_ready},
                   {"draining", facts.draining},
                   {"last_reload_successful", facts.last_reload_ok},
                   {"restart_needed", std::move(restart_needed)}};
  for (auto& [name, value] : members)
    out.insert_or_assign(name, std::move(value));
  return out;
}

} // namespace limpet::ops
