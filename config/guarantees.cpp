#include "config/guarantees.hpp"

#include <algorithm>
#include <utility>

namespace limpet::config {

namespace {

using routing::key_source;

/// What the application issues: "header Mcp-Session-Id", "header A or cookie B"; empty: nothing in envelopes.
std::string envelope_names(const session_settings& session) {
  std::string out;
  for (const key_source& source : session.key)
    if (source.envelope)
      out += (out.empty() ? "" : " or ") + std::string(to_string(source.from)) + ' ' + source.name;
  return out;
}

bool is_all_envelopes(const session_settings& session) {
  return std::ranges::all_of(session.key, &key_source::envelope);
}

/// What of a request names its session: "session key", "cookie limpet", or both.
std::string session_name(const session_settings& session) {
  const auto issued = std::ranges::find_if(session.key, &key_source::issued);
  if (issued == session.key.end()) return "session key";
  const std::string cookie = "cookie " + issued->name;
  const auto envelopes = std::ranges::count_if(session.key, &key_source::envelope);
  return session.key.size() == 1 + static_cast<std::size_t>(envelopes) ? cookie : "session key or " + cookie;
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
  const bool is_in_envelopes = !envelope_names(p.session).empty();
  if (p.session.issued || is_in_envelopes) out += "; every proxy has the same signing keys";
  if (is_in_envelopes) out += "; clients send back what the application issued as it came";
  const bool by_address = std::ranges::find(p.session.key, key_source::kind::client_address,
                                            &key_source::from) != p.session.key.end();
  if (by_address) out += "; client_address: a client keeps its address";
  return out;
}

std::string promise(const session_settings& session) {
  std::string out;
  if (!is_all_envelopes(session))
    out = "the same " + session_name(session) + " goes to the same member on every proxy with the same view";
  if (const std::string names = envelope_names(session); !names.empty())
    out += (out.empty() ? "" : ", and ") + ("what a member issues in " + names) +
           " goes back to that very member on every proxy, while it is in the view";
  if (std::ranges::any_of(session.key, &key_source::pin))
    out += ", and a pinned cookie keeps its member while that is in the view";
  out += "; between views, for a moment, proxies may differ";
  if (!session.issued)
    out +=
        session.otherwise == no_key_mode::refuse ? "; without a key: refused" : "; without a key: any member";
  return out;
}

/// What is promised while members and proxies come, go and fail, and what that rests on.
std::string barrier_promise(const pool& p) {
  const auto& b = p.barrier;
  const auto ms = [](milliseconds time) { return std::to_string(time.count()) + " ms"; };
  return "barrier: no request of a session is sent to a new owner while any proxy may still have one "
         "executing at the "
         "old: a session reads its own writes, also while members join, leave, crash and drain, and while "
         "proxies crash "
         "or lose etcd; past " +
         ms(b.window) + " without etcd it is answered 503 (rests on: clocks differ by less than " +
         std::to_string(b.drift_thousandths) + "/1000; what a byte sets off ends within " + ms(b.work_max) +
         "; no proxy or member is frozen for longer than " + ms(b.margin) +
         " and then goes on; a member that loses a session and later owns it again asks anew for what it "
         "kept)";
}

std::string guarantee(const pool& p) {
  const std::string name = "pool " + p.name + ": ";
  if (p.handoff == handoff_mode::barrier) return name + barrier_promise(p);
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
