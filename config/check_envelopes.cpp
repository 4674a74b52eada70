#include "config/check_envelopes.hpp"

#include <algorithm>

namespace limpet::config {

namespace {

const routing::key_source* first_envelope(const pool& p) {
  const auto found = std::ranges::find_if(p.session.key, &routing::key_source::envelope);
  return found == p.session.key.end() ? nullptr : &*found;
}

/// A cookie of this name that is in an envelope, and refused where another pool signed it.
bool refuses_envelope(const pool& p, const std::string& cookie) {
  return std::ranges::any_of(p.session.key, [&](const routing::key_source& source) {
    return source.envelope && source.from == routing::key_source::kind::cookie && source.name == cookie &&
           source.forged == routing::forged_envelope::refuse;
  });
}

} // namespace

bool share_a_host(const settings& s, const std::string& a, const std::string& b) {
  return std::ranges::any_of(s.routes, [&](const route& one) {
    return one.pool == a && std::ranges::any_of(s.routes, [&](const route& other) {
             return other.pool == b && (one.host == other.host || one.host.empty() || other.host.empty());
           });
  });
}

void check_envelopes(const settings& s, const pool& p, const place& session, reader& r) {
  const auto* source = first_envelope(p);
  if (!source || !s.signing_keys.empty()) return;
  const auto index = static_cast<std::size_t>(source - p.session.key.data());
  const reader::scope in_session(r, "session");
  const reader::scope in_key(r, "key");
  const reader::scope in_item(r, index);
  r.error(session.key("key").item(index).key("envelope").key_where(), "nothing signs the envelope",
          "add signing: {keys: [{id: k1, secret: \"${LIMPET_KEY}\"}]}");
}

void check_bounded_load(const pool& p, const place& at, reader& r) {
  const bool keeps = std::ranges::any_of(p.session.key, &routing::key_source::pin) || first_envelope(p);
  if (p.bounded_load_thousandths > 0 && !keeps)
    r.error(at.key("bounded_load").key_where(),
            "nothing keeps a session on the member that it was moved on to",
            "pin an issued cookie, add an envelope, or leave it out");
}

void check_strange_envelopes(const settings& s, const place& document, reader& r) {
  for (const auto& [name, p] : s.pools) {
    for (const auto& [other_name, other] : s.pools) {
      if (name == other_name || !share_a_host(s, name, other_name)) continue;
      for (const auto& source : other.session.key) {
        const bool is_cookie = source.envelope && source.from == routing::key_source::kind::cookie;
        if (!is_cookie || !refuses_envelope(p, source.name)) continue;
        const reader::scope pools(r, "pools");
        const reader::scope item(r, name);
        r.warning(
            document.key("pools").key(name).key("session").key_where(),
            "a browser may send the cookie " + quoted(source.name) + " of pool " + quoted(other_name) +
                ", which is refused here as forged",
            "write envelope: {..., forged: place}, or see that the applications give it paths of their own");
      }
    }
  }
}

} // namespace limpet::config
