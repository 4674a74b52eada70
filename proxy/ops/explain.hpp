#pragma once

#include "proxy/http/snapshot.hpp"

#include <boost/json/fwd.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace limpet::ops {

/// A request as an operator describes it.
struct explain_query {
  std::string url = "/"; ///< a path with its query, or an absolute http(s) URL, whose host counts
  std::string host;      ///< the Host field, with or without a port
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::string> cookies; ///< "name=value", as in a Cookie field
  std::string client;               ///< the peer's IP address; empty: none
  std::optional<std::string> pool;  ///< leaves routes aside
  std::optional<std::string> key;   ///< only with `pool`: the key's bytes, in place of the request's
};

/// When the question is asked: a decision depends on it.
struct explain_moment {
  std::int64_t unix_s;                          ///< for tokens
  std::chrono::steady_clock::time_point steady; ///< for the reachability of members
};

/// Reads "url=/path?x=1&host=H&header=Name:Value&cookie=a=b&client=IP" or "pool=P&key=K", percent-encoded
/// ("+" is a plus). header and cookie may be repeated. One of url, host and pool must be there. Returns what
/// is wrong, or nothing.
std::optional<std::string> parse_explain_query(std::string_view text, explain_query& out);

/// The inverse: the query to ask an admin server with.
std::string to_query_string(const explain_query& query);

/// Where a request would go and why, decided by the very functions that the data plane uses. Asks no one and
/// changes nothing. A question that makes no sense (an unknown pool, a malformed address) gives an object
/// with nothing but "error", a sentence.
boost::json::object explain(const http::snapshot& snapshot, const explain_query& query, explain_moment when);

/// What explain() gave, for people; ends with a newline. Takes any object, since it may come from another
/// process, and lets no control character through to the terminal.
std::string explanation_text(const boost::json::object& explanation);

} // namespace limpet::ops
