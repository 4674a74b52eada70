#include "config/declaration.hpp"
#include "config/forms.hpp"
#include "config/section.hpp"
#include "config/units.hpp"
#include "routing/ascii.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace limpet::config {

namespace {

constexpr std::size_t key_sources_max = 16;
constexpr std::size_t parameter_bytes_max = 128;
constexpr std::size_t envelopes_max = 4;

// The session section as it stands in the file. In memory the sources are flat, and the one issued cookie
// stands by itself.
struct path_entry {
  unsigned segment = 0;
};
struct address_entry {
  unsigned ipv4_prefix = routing::key_source().ipv4_prefix;
  unsigned ipv6_prefix = routing::key_source().ipv6_prefix;
};
struct envelope_entry {
  std::optional<std::string> header;
  std::optional<std::string> cookie;
  routing::forged_envelope forged = routing::key_source().forged;
};
struct key_entry {
  std::optional<std::string> header;
  std::optional<std::string> cookie;
  std::optional<std::string> query;
  std::optional<path_entry> path;
  std::optional<address_entry> client_address;
  std::optional<envelope_entry> envelope;
  std::optional<issue_settings> issue;
  bool pin = false;
};
struct session_entry {
  std::vector<key_entry> key;
  no_key_mode otherwise = session_settings().otherwise;
  std::uint32_t key_bytes_max = session_settings().key_bytes_max;
};

routing::key_source source_from(const key_entry& entry) {
  using kind = routing::key_source::kind;
  routing::key_source out;
  if (entry.header) out.from = kind::header, out.name = *entry.header;
  if (entry.cookie) out.from = kind::cookie, out.name = *entry.cookie;
  if (entry.query) out.from = kind::query, out.name = *entry.query;
  if (entry.path) out.from = kind::path_segment, out.segment = entry.path->segment;
  if (const auto& address = entry.client_address) {
    out.from = kind::client_address;
    out.ipv4_prefix = address->ipv4_prefix;
    out.ipv6_prefix = address->ipv6_prefix;
  }
  if (const auto& envelope = entry.envelope) {
    out.from = envelope->cookie ? kind::cookie : kind::header;
    out.name = envelope->cookie ? *envelope->cookie : envelope->header.value_or("");
    out.envelope = true;
    out.forged = envelope->forged;
  }
  out.issued = entry.issue.has_value();
  out.pin = entry.pin;
  return out;
}

session_settings session_from(session_entry entry) {
  session_settings out{
      .key = {}, .issued = {}, .otherwise = entry.otherwise, .key_bytes_max = entry.key_bytes_max};
  for (key_entry& one : entry.key) {
    out.key.push_back(source_from(one));
    if (one.issue && !out.issued) out.issued = std::move(one.issue);
  }
  return out;
}

key_entry entry_of(const routing::key_source& source, const std::optional<issue_settings>& issued) {
  key_entry out;
  if (source.envelope) {
    auto& envelope = out.envelope.emplace();
    (source.from == routing::key_source::kind::cookie ? envelope.cookie : envelope.header) = source.name;
    envelope.forged = source.forged;
    return out;
  }
  switch (source.from) {
  case routing::key_source::kind::header:
    out.header = source.name;
    break;
  case routing::key_source::kind::cookie:
    out.cookie = source.name;
    break;
  case routing::key_source::kind::query:
    out.query = source.name;
    break;
  case routing::key_source::kind::path_segment:
    out.path = path_entry{source.segment};
    break;
  case routing::key_source::kind::client_address:
    out.client_address = address_entry{source.ipv4_prefix, source.ipv6_prefix};
    break;
  }
  if (source.issued) out.issue = issued;
  out.pin = source.pin;
  return out;
}

session_entry session_entry_of(const session_settings& session) {
  session_entry out{.key = {}, .otherwise = session.otherwise, .key_bytes_max = session.key_bytes_max};
  for (const auto& source : session.key)
    out.key.push_back(entry_of(source, session.issued));
  return out;
}

/// Fields that have a meaning of their own: they are not passed on as they came, have cookies in them, or are
/// read by caches, browsers and members, whom a tag would confuse.
bool carries_values(std::string_view header) {
  constexpr std::array<std::string_view, 8> families{
      "accept", "access-control-", "content-", "if-", "limpet-", "proxy-", "sec-", "x-forwarded-"};
  constexpr std::array<std::string_view, 37> others{"age",
                                                    "allow",
                                                    "alt-svc",
                                                    "cache-control",
                                                    "connection",
                                                    "cookie",
                                                    "date",
                                                    "early-data",
                                                    "etag",
                                                    "expect",
                                                    "expires",
                                                    "forwarded",
                                                    "from",
                                                    "host",
                                                    "keep-alive",
                                                    "last-modified",
                                                    "link",
                                                    "location",
                                                    "max-forwards",
                                                    "origin",
                                                    "pragma",
                                                    "range",
                                                    "referer",
                                                    "retry-after",
                                                    "server",
                                                    "set-cookie",
                                                    "te",
                                                    "trailer",
                                                    "transfer-encoding",
                                                    "upgrade",
                                                    "user-agent",
                                                    "vary",
                                                    "via",
                                                    "warning",
                                                    "www-authenticate",
                                                    "x-real-ip",
                                                    "x-request-id"};
  const auto begins_with = [&](auto family) {
    return routing::ascii_iequal(header.substr(0, family.size()), family);
  };
  return std::ranges::none_of(families, begins_with) &&
         std::ranges::none_of(others, [&](auto name) { return routing::ascii_iequal(header, name); });
}

void check_envelope(const envelope_entry& entry, const place& at, reader& r) {
  if (entry.header && !carries_values(*entry.header))
    r.error(at.key("header").where(), "the field " + quoted(*entry.header) + " cannot carry an envelope",
            "name the field, or the cookie, that the application issues its sessions in");
}

void check_key(const key_entry& entry, const place& at, reader& r) {
  if (entry.envelope && entry.issue)
    r.error(at.key("issue").key_where(), "what is in an envelope is issued by the application",
            "make the issued cookie a source of its own");
  else if (entry.issue && !entry.cookie)
    r.error(at.key("issue").key_where(), "only a cookie can be issued", "put it under a cookie");
  if (entry.pin && !(entry.issue && entry.cookie))
    r.error(at.key("pin").key_where(), "only an issued cookie can be pinned", "add issue: {} to a cookie");
  const bool host_only = entry.cookie && entry.cookie->starts_with("__Host-");
  if (host_only && entry.issue && (entry.issue->path != "/" || !entry.issue->domain.empty()))
    r.error(at.key("issue").key_where(),
            "browsers refuse a __Host- cookie with a domain, or a path other than /",
            "choose another name, or leave domain and path out");
}

/// Whether both mean the same field of a message.
bool is_same_field(const envelope_entry& a, const envelope_entry& b) {
  if (a.cookie || b.cookie) return a.cookie == b.cookie;
  return a.header && b.header && routing::ascii_iequal(*a.header, *b.header);
}

void check_envelopes_of(const session_entry& session, const place& at, reader& r) {
  std::vector<const envelope_entry*> seen;
  bool others = session.key.empty();
  const place list = at.key("key");
  for (std::size_t i = 0; i < session.key.size(); ++i) {
    const key_entry& entry = session.key[i];
    others = others || !entry.envelope;
    if (!entry.envelope) continue;
    const position where = list.item(i).key("envelope").key_where();
    const bool is_issued = std::ranges::any_of(session.key, [&](const key_entry& one) {
      return one.issue && one.cookie && one.cookie == entry.envelope->cookie;
    });
    if (std::ranges::any_of(seen, [&](auto* one) { return is_same_field(*one, *entry.envelope); }))
      r.error(where, "this envelope is there already");
    else if (is_issued)
      r.error(where, "the proxy issues a cookie of this name", "give that one another name");
    if (seen.size() == envelopes_max) r.error(where, "a pool has four envelopes at most");
    seen.push_back(&*entry.envelope);
  }
  if (!others && session.otherwise == no_key_mode::refuse)
    r.error(at.key("otherwise").where(), "no session could begin: only the application issues what names it",
            "write balance, or add another key");
}

void check_session(const session_entry& session, const place& at, reader& r) {
  bool issued = false;
  for (std::size_t i = 0; i < session.key.size(); ++i) {
    if (issued && session.key[i].issue)
      r.error(at.key("key").item(i).key("issue").key_where(), "a pool issues one cookie at most");
    issued = issued || session.key[i].issue.has_value();
  }
  check_envelopes_of(session, at, r);
}

type_ptr<issue_settings> issue_section() {
  using s = issue_settings;
  return section<s>({
      key("max_age", &s::max_age, seconds(1s, days(400)), "How long the cookie is good, from its issue."),
      key("same_site", &s::site, choice<routing::same_site>({"lax", "strict", "none"}),
          "When other sites' pages send it. `none` needs https, so a proxy in `forwarded.trusted` that says "
          "so."),
      key("path", &s::path, cookie_path(), "The paths that it is sent to."),
      key("domain", &s::domain, or_none(domain()),
          "The domain that it is sent to. Default: the host that issued it alone."),
  });
}

type_ptr<envelope_entry> envelope_section() {
  using s = envelope_entry;
  auto one = section<s>(
      {
          key("header", &s::header, optional(token("header name")),
              "A header of that name in requests and answers."),
          key("cookie", &s::cookie, optional(token("cookie name")), "A cookie of that name."),
          key("forged", &s::forged, choice<routing::forged_envelope>({"refuse", "place"}),
              "A tag that no key of ours made for this value here: `refuse` it with 400, or `place` the "
              "request "
              "as a new session, with the bare value. A tag is also forged once its key is no longer in "
              "`signing.keys`, or the pool has another name."),
      },
      {"header", "cookie"});
  return checked(std::move(one), check_envelope);
}

type_ptr<key_entry> key_section() {
  using s = key_entry;
  auto path = section<path_entry>({
      key("segment", &path_entry::segment, number(1, 100), "1 is the first: of `/users/ALICE`, 2 is `ALICE`.")
          .required(),
  });
  auto address = section<address_entry>({
      key("ipv4_prefix", &address_entry::ipv4_prefix, number(1, 32),
          "How many bits of an IPv4 address count."),
      key("ipv6_prefix", &address_entry::ipv6_prefix, number(1, 128),
          "How many bits of an IPv6 address count."),
  });
  auto one = section<s>(
      {
          key("header", &s::header, optional(token("header name")), "The value of a request header."),
          key("cookie", &s::cookie, optional(token("cookie name")), "The value of a cookie."),
          key("query", &s::query, optional(label(parameter_bytes_max)), "The value of a query parameter."),
          key("path", &s::path, optional(std::move(path)), "A segment of the path."),
          key("client_address", &s::client_address, optional(std::move(address)),
              "The client's address, through the proxies in `forwarded.trusted`."),
          key("envelope", &s::envelope, optional(envelope_section()),
              "What the application itself issues in its answers: its value gets a signed tag on its way to "
              "the client, which brings it back to the member that issued it. The application never sees "
              "the tag."),
          key("issue", &s::issue, optional(issue_section()),
              "Under a cookie: where it is missing, the proxy issues it, signed with `signing.keys`. One a "
              "pool."),
          key("pin", &s::pin, boolean(),
              "Under an issued cookie: keep its session on the member where it was first placed, while that "
              "is in the view."),
      },
      {"header", "cookie", "query", "path", "client_address", "envelope"});
  return checked(std::move(one), check_key);
}

} // namespace

type_ptr<session_settings> session_section() {
  using s = session_entry;
  auto entry = section<s>({
      key("key", &s::key, list(key_section(), {0, key_sources_max}),
          "Where the session key comes from; the first that is there wins. `[]`: no stickiness."),
      key("otherwise", &s::otherwise, choice<no_key_mode>({"balance", "refuse"}),
          "For a request without a key: `balance` it over the members, at random by their weight, or "
          "`refuse` it with 400."),
      key("key_bytes_max", &s::key_bytes_max, size32(1, 65'536),
          "The longest key; a longer one is answered 400."),
  });
  return shaped<session_settings>(checked(std::move(entry), check_session), session_from, session_entry_of);
}

} // namespace limpet::config
