#include "config/guarantees.hpp"

#include <algorithm>
#include <utility>

namespace limpet::config {

namespace {

using routing::key_source;

/// What of a request names its session: "session key", "cookie limpet", or both.
std::string session_name(const session_settings& session) {
  const auto issued = std::ranges::find_if(session.key, &key_source::issued);
  if (issued == session.key.end()) return "session key";
  const std::string cookie = "cookie " + issued->name;
  return session.key.size() == 1 ? cookie : "session key or " + cookie;
}

std::string views(source_kind source) {
  switch (source) {
  case source_kind::static_:
    return "every proxy has the same list of members";
  case source_kind::file:
    return "views converge: every proxy's file comes to say the same";
  case source_kind::etcd:
  case source_kind::none:
    break;
  }
  return "views converge";
}

std::string assumptions(const pool& p) {
  std::string out = views(p.members.source);
  if (p.fail_over == fail_over_mode::next) out += "; fail_over next: proxies agree on what is reachable";
  if (p.session.issued) out += "; every proxy has the same signing keys";
  const bool by_address = std::ranges::find(p.session.key, key_source::kind::client_address,
                                            &key_source::from) != p.session.key.end();
  if (by_address) out += "; client_address: a client keeps its address";
  return out;
}

std::string promise(const session_settings& session) {
  std::string out =
      "the same " + session_name(session) + " goes to the same member on every proxy with the same view";
  if (std::ranges::any_of(session.key, &key_source::pin))
    out += ", and a pinned cookie keeps its member while that is in the view";
  out += "; between views, for a moment, proxies may differ";
  if (!session.issued)
    out +=
        session.otherwise == no_key_mode::refuse ? "; without a key: refused" : "; without a key: any member";
  return out;
}

std::string guarantee(const pool& p) {
  const std::string name = "pool " + p.name + ": ";
  if (!p.session.key.empty())
    return name + "available: " + promise(p.session) + " (rests on: " + assumptions(p) + ')';
  const bool refused = p.session.otherwise == no_key_mode::refuse;
  return name + "no stickiness: it has no session key, so every request " +
         (refused ? "is refused" : "goes to any member");
}

} // namespace

std::vector<std::string> guarantees(const settings& s) {
  std::vector<std::string> lines;
  for (const auto& [name, p] : s.pools)
    lines.push_back(guarantee(p));
  return lines;
}

} // namespace limpet::config
