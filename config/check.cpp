#include "config/check.hpp"

#include "config/barrier.hpp"
#include "config/check_envelopes.hpp"
#include "config/file.hpp"
#include "config/nearest.hpp"
#include "routing/address.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace limpet::config {

namespace {

constexpr std::size_t secret_bytes_min = 16;
constexpr std::string_view example_secret = "change-me-in-production";

/// Things that may be there once, each with the line of the first.
template <class Key>
class once {
public:
  /// The line of the one before, or 0 where this is the first.
  unsigned line_before(const Key& what, position where) {
    const auto [first, is_new] = lines_.try_emplace(what, where.line);
    return is_new ? 0 : first->second;
  }

private:
  std::map<Key, unsigned> lines_;
};

std::string first_in(unsigned line) {
  return "it is first in line " + std::to_string(line);
}

/// Two sockets with port 0 get two ports.
bool may_repeat(const std::string& address) {
  return address.empty() || address.ends_with(":0");
}

void check_addresses(const settings& s, const place& document, reader& r) {
  once<std::string> names;
  once<std::string> addresses;
  for (std::size_t i = 0; i < s.listeners.size(); ++i) {
    const listener& l = s.listeners[i];
    const place at = document.key("listeners").item(i);
    const reader::scope list(r, "listeners");
    const reader::scope item(r, i);
    const position address = at.key("address").where();
    const unsigned before = may_repeat(l.address.text) ? 0 : addresses.line_before(l.address.text, address);
    if (before > 0) r.error(address, "the address " + quoted(l.address.text) + " is taken", first_in(before));
    if (!at.has("name")) continue; // it is the address
    const position where = at.key("name").where();
    if (const unsigned line = names.line_before(l.name, where))
      r.error(where, "the name " + quoted(l.name) + " is taken", first_in(line));
  }
  if (!s.admin.address || may_repeat(s.admin.address->text)) return;
  const position where = document.key("admin").key("address").where();
  if (const unsigned line = addresses.line_before(s.admin.address->text, where))
    r.error(where, "admin.address: the address " + quoted(s.admin.address->text) + " is taken",
            first_in(line));
}

void check_routes(const settings& s, const place& document, reader& r) {
  once<std::pair<std::string, std::string>> matches;
  once<std::string> names;
  std::vector<std::string> pools;
  for (const auto& [name, p] : s.pools)
    pools.push_back(name);
  for (std::size_t i = 0; i < s.routes.size(); ++i) {
    const route& one = s.routes[i];
    const place at = document.key("routes").item(i);
    const reader::scope list(r, "routes");
    const reader::scope item(r, i);
    if (!one.pool.empty() && !s.pools.contains(one.pool))
      r.error(at.key("pool").where(), "no pool is named " + quoted(one.pool), did_you_mean(one.pool, pools));
    if (r.refused(at.key("host").where()) || r.refused(at.key("path").where())) continue;
    if (const unsigned line = matches.line_before({one.host, one.path}, at.where())) {
      r.error(at.where(), "no request comes here: an earlier route has the same host and path",
              first_in(line));
      continue; // its name may be its host and path
    }
    if (const unsigned line = names.line_before(one.name, at.where()))
      r.error(at.key("name").where(), "the name " + quoted(one.name) + " is taken", first_in(line));
  }
}

/// Whether browsers take the cookie for what it says only with Secure.
bool needs_secure(const issue_settings& issued, const std::string& cookie) {
  return issued.site == routing::same_site::none || cookie.starts_with("__Host-") ||
         cookie.starts_with("__Secure-");
}

/// Of the pool's session keys the one that is issued, or the end.
auto issued_source(const pool& p) {
  return std::ranges::find_if(p.session.key, &routing::key_source::issued);
}

void check_issued(const settings& s, const pool& p, const place& session, reader& r) {
  const auto source = issued_source(p);
  if (source == p.session.key.end()) return;
  const auto index = static_cast<std::size_t>(source - p.session.key.begin());
  const position where = session.key("key").item(index).key("issue").key_where();
  const reader::scope in_session(r, "session");
  const reader::scope in_key(r, "key");
  const reader::scope in_item(r, index);
  const reader::scope in_issue(r, "issue");
  if (s.signing_keys.empty())
    r.error(where, "nothing signs the cookie", "add signing: {keys: [{id: k1, secret: \"${LIMPET_KEY}\"}]}");
  if (needs_secure(*p.session.issued, source->name) && s.forwarded.trusted.empty())
    r.error(where, "this cookie needs https, and nothing says that a client came over it",
            "list the proxy that ends TLS in forwarded.trusted, or use same_site: lax and a plain name");
}

/// The name, and what browsers tell cookies of one name apart by.
bool is_same_cookie(const pool& a, const pool& b) {
  const auto one = issued_source(a);
  const auto other = issued_source(b);
  return one != a.session.key.end() && other != b.session.key.end() && one->name == other->name &&
         a.session.issued->path == b.session.issued->path &&
         a.session.issued->domain == b.session.issued->domain;
}

/// Two pools that issue one cookie overwrite each other's: sessions, pins too, would start anew with each
/// change.
void check_shared_cookies(const settings& s, const place& document, reader& r) {
  for (auto later = s.pools.begin(); later != s.pools.end(); ++later) {
    for (auto earlier = s.pools.begin(); earlier != later; ++earlier) {
      if (!is_same_cookie(earlier->second, later->second) || !share_a_host(s, earlier->first, later->first))
        continue;
      const reader::scope pools(r, "pools");
      const reader::scope item(r, later->first);
      r.error(document.key("pools").key(later->first).key("session").key_where(),
              "issues the same cookie as pool " + quoted(earlier->first) + ", on the same host",
              "give it another name, or another issue: {path: ...}");
    }
  }
}

void check_pools(const settings& s, const place& document, reader& r) {
  std::set<std::string_view> used;
  for (const route& one : s.routes)
    used.insert(one.pool);
  for (const auto& [name, p] : s.pools) {
    const place at = document.key("pools").key(name);
    const reader::scope pools(r, "pools");
    const reader::scope item(r, name);
    if (!used.contains(name)) r.warning(at.key_where(), "no route leads here");
    check_issued(s, p, at.key("session"), r);
    if (at.has("rails") && p.members.source == source_kind::static_)
      r.warning(at.key("rails").key_where(), "static members have no rails",
                "who changes them is taken at his word");
    check_envelopes(s, p, at.key("session"), r);
    check_bounded_load(p, at, r);
    check_barrier(p, at, r);
    if (!p.members.file_path.empty() && !file_exists(p.members.file_path))
      r.warning(at.key("members").key("file").key("path").where(),
                quoted(p.members.file_path) + " is not there yet; the pool is empty until it is");
  }
}

constexpr std::string_view better_secret = "write 32 random bytes, as openssl rand -hex 32 does";

/// Whether nobody but this machine can connect to it.
bool is_local(std::string_view address) {
  if (address.starts_with("unix:")) return true;
  std::string_view host = address.substr(0, address.rfind(':'));
  if (host == "localhost") return true;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  const auto parsed = routing::ip_address::parse(host);
  return parsed && routing::is_loopback(*parsed);
}

void check_account(const settings& s, const place& document, reader& r) {
  if (s.user.empty() && !s.group.empty())
    r.error(document.key("group").key_where(), "a group without a user", "add user");
}

void check_admin(const settings& s, const place& document, reader& r) {
  const admin_settings& admin = s.admin;
  const place at = document.key("admin");
  const reader::scope inside(r, "admin");
  const bool asks = !admin.token.empty() || !admin.token_file.empty() || r.refused(at.key("token").where());
  const bool is_open = admin.address && !admin.address->text.empty() && !is_local(admin.address->text);
  if (is_open && !asks)
    r.error(at.key("address").where(), "other machines reach this address, and nobody is asked for a token",
            "add token: \"${LIMPET_ADMIN_TOKEN}\", or bind 127.0.0.1");
  if (admin.token.empty()) return;
  const position where = at.key(admin.token_file.empty() ? "token" : "token_file").where();
  const bool is_sendable = std::ranges::all_of(admin.token, [](char c) { return c > ' ' && c < 0x7f; });
  if (!is_sendable)
    r.error(where, "a token is of visible ASCII characters, without spaces", std::string(better_secret));
  else if (admin.token.size() < secret_bytes_min)
    r.error(where, "the token is shorter than 16 bytes", std::string(better_secret));
}

void check_secrets(const settings& s, const place& document, reader& r) {
  once<std::string> ids;
  const reader::scope signing(r, "signing");
  const reader::scope list(r, "keys");
  for (std::size_t i = 0; i < s.signing_keys.size(); ++i) {
    const signing_key& key = s.signing_keys[i];
    const place at = document.key("signing").key("keys").item(i);
    const reader::scope item(r, i);
    const unsigned line = key.id.empty() ? 0 : ids.line_before(key.id, at.key("id").where());
    if (line > 0) r.error(at.key("id").where(), "the id " + quoted(key.id) + " is taken", first_in(line));
    const position where = at.key(key.file.empty() ? "secret" : "file").where();
    if (key.secret == example_secret)
      r.warning(where, "the secret is the example's: anyone can sign cookies", std::string(better_secret));
    else if (!key.secret.empty() && key.secret.size() < secret_bytes_min)
      r.warning(where, "the secret is shorter than 16 bytes", std::string(better_secret));
  }
}

/// With fewer weight than steps the steps are few and large.
void check_agent(const settings& s, const place& document, reader& r) {
  if (!s.agent || s.agent->slow_start == milliseconds(0) || s.agent->weight >= slow_start_steps) return;
  const reader::scope inside(r, "agent");
  r.warning(document.key("agent").key("slow_start").where(),
            "with a weight of " + std::to_string(s.agent->weight) +
                (s.agent->weight == 1 ? " there is nothing to raise"
                                      : " there are only " + std::to_string(s.agent->weight) + " steps"),
            "give the pool's members weights of 10 or more");
}

} // namespace

void check(const settings& s, const place& document, reader& r) {
  check_addresses(s, document, r);
  check_routes(s, document, r);
  check_pools(s, document, r);
  check_shared_cookies(s, document, r);
  check_strange_envelopes(s, document, r);
  check_secrets(s, document, r);
  check_admin(s, document, r);
  check_account(s, document, r);
  check_agent(s, document, r);
}

} // namespace limpet::config
