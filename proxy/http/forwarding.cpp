#include "proxy/http/forwarding.hpp"

#include "proxy/http/field_name.hpp"
#include "proxy/http/text_writer.hpp"

#include <algorithm>
#include <utility>

namespace limpet::http {

namespace {

/// Hop-by-hop by name (RFC 9110 section 7.6.1), and the framing, which each hop writes for itself.
bool is_hop_by_hop(field_name name) noexcept {
  switch (name) {
  case field_name::connection:
  case field_name::proxy_connection:
  case field_name::keep_alive:
  case field_name::te:
  case field_name::transfer_encoding:
  case field_name::content_length:
  case field_name::upgrade:
  case field_name::proxy_authenticate:
  case field_name::proxy_authorization:
  case field_name::http2_settings:
    return true;
  default:
    return false;
  }
}

bool named_by_connection(const connection_options& options, std::string_view name) noexcept {
  return std::any_of(options.others.begin(), options.others.end(),
                     [&](std::string_view option) { return iequals(option, name); });
}

/// With an underscore, too: to a CGI program (RFC 3875 section 4.1.18) both are one name.
bool is_ours(std::string_view name) noexcept {
  return name.size() >= 7 && (name[6] == '-' || name[6] == '_') && iequals(name.substr(0, 6), "limpet");
}

/// What the proxy's own fields take beside those that it passes on, give or take.
constexpr std::size_t own_fields_bytes = 512;

/// What the request's own fields said of those that the proxy adds to or replaces.
struct forwarded_seen {
  bool proto = false;
  bool host = false;
  bool id = false;
  bool trailers = false;
};

/// X-Forwarded-Proto and -Host are believed of trusted peers only; X-Forwarded-For is a list that each hop
/// adds to.
bool keeps(const header_field& f, const forwarding_facts& facts, forwarded_seen& seen) {
  const bool believe = facts.peer_is_trusted && facts.mode == config::forwarded_mode::append;
  switch (name_of(f)) {
  case field_name::x_forwarded_proto:
    return believe && !std::exchange(seen.proto, true);
  case field_name::x_forwarded_host:
    return believe && !std::exchange(seen.host, true);
  case field_name::x_forwarded_for:
    return false;
  case field_name::forwarded:
    return believe;
  case field_name::x_request_id:
    return !f.value.empty() && !std::exchange(seen.id, true);
  default:
    return true;
  }
}

void add_forwarded_for(text_writer& out, const request_head& head, const forwarding_facts& facts) {
  out.add("X-Forwarded-For: ");
  if (facts.mode == config::forwarded_mode::append) {
    for (const auto& f : head.fields)
      if (name_of(f) == field_name::x_forwarded_for && !f.value.empty()) out.add(f.value, ", ");
  }
  out.add(facts.peer, "\r\n");
}

void add_framing(text_writer& out, const framing& body) {
  if (body.how == framing::kind::chunked) out.add_field("Transfer-Encoding", "chunked");
  if (body.how == framing::kind::length) out.add("Content-Length: ").add_number(body.length).add("\r\n");
}

void add_request_line(text_writer& out, const request_head& head, const forwarding_facts& facts) {
  out.add(head.method_name, " ", facts.asterisk ? "*" : facts.path);
  if (facts.has_query) out.add("?", facts.query);
  out.add(" HTTP/1.1\r\n");
}

/// A field as it came. Its line stands in the head that it was read from, up to the CRLF: where there is just
/// the one space after the colon and none at the end, it is copied in one piece.
void add_as_it_came(text_writer& out, const header_field& f) {
  const auto bytes = f.name.size() + 2 + f.value.size();
  const char* line = f.name.data();
  if (f.value.data() == line + f.name.size() + 2 && line[f.name.size() + 1] == ' ' && line[bytes] == '\r')
    out.add(std::string_view(line, bytes + 2));
  else
    out.add_field(f.name, f.value);
}

std::string_view via_of(unsigned minor_version) noexcept {
  return minor_version == 0 ? "Via: 1.0 limpet\r\n" : "Via: 1.1 limpet\r\n";
}

template <class Head>
std::size_t fields_bytes(const Head& head) noexcept {
  std::size_t bytes = 0;
  for (const auto& f : head.fields)
    bytes += f.name.size() + f.value.size() + 4;
  return bytes;
}

} // namespace

std::string_view request_id_of(const request_head& head) noexcept {
  for (const auto& f : head.fields)
    if (name_of(f) == field_name::x_request_id && !f.value.empty()) return f.value;
  return {};
}

void write_request_head(const request_head& head, const forwarding_facts& facts, std::string& text) {
  text_writer out(text, facts.path.size() + facts.query.size() + fields_bytes(head) + own_fields_bytes);
  add_request_line(out, head, facts);
  out.add_field("Host", facts.host);
  forwarded_seen seen;
  for (const auto& f : head.fields) {
    const auto name = name_of(f);
    if (name == field_name::te) {
      for_each_element(f.value,
                       [&](std::string_view coding) { seen.trailers |= iequals(coding, "trailers"); });
    }
    if (name == field_name::host || is_hop_by_hop(name) || is_ours(f.name)) continue;
    if (!head.connection.others.empty() && named_by_connection(head.connection, f.name)) continue;
    if (!keeps(f, facts, seen)) continue;
    add_as_it_came(out, f);
  }
  add_forwarded_for(out, head, facts);
  if (!seen.proto) out.add_field("X-Forwarded-Proto", facts.scheme);
  if (!seen.host && !facts.host.empty()) out.add_field("X-Forwarded-Host", facts.host);
  if (!seen.id) out.add_field("X-Request-Id", facts.request_id);
  out.add(facts.session_fields);
  out.add(via_of(head.minor_version));
  add_framing(out, head.body);
  if (facts.upgrade) {
    out.add_field("Connection", "upgrade");
    out.add_field("Upgrade", head.upgrade);
  } else if (seen.trailers) {
    out.add("TE: trailers\r\nConnection: TE\r\n");
  }
  out.add("\r\n");
}

void write_response_head(const response_head& head, const answer_facts& facts, const framing& body,
                         std::string& text) {
  text_writer out(text, fields_bytes(head) + facts.set_cookie.size() + own_fields_bytes);
  char status[3] = {static_cast<char>('0' + head.status / 100),
                    static_cast<char>('0' + head.status / 10 % 10),
                    static_cast<char>('0' + head.status % 10)};
  out.add("HTTP/1.1 ", std::string_view(status, 3), " ", head.reason, "\r\n");
  for (const auto& f : head.fields) {
    if (is_hop_by_hop(name_of(f)) || is_ours(f.name)) continue;
    if (!head.connection.others.empty() && named_by_connection(head.connection, f.name)) continue;
    add_as_it_came(out, f);
  }
  if (!head.has_date && head.status >= 200) out.add_field("Date", facts.date);
  out.add(via_of(head.minor_version));
  if (!facts.set_cookie.empty()) {
    out.add_field("Set-Cookie", facts.set_cookie);
    out.add_field("Cache-Control", "private");
  }
  add_framing(out, body);
  if (facts.upgrade) {
    out.add_field("Connection", "upgrade");
    out.add_field("Upgrade", head.upgrade);
  } else if (!facts.keep_alive) {
    out.add_field("Connection", "close");
  } else if (facts.client_is_http10) {
    out.add_field("Connection", "keep-alive");
  }
  out.add("\r\n");
}

void write_interim_head(const response_head& head, std::string& text) {
  text_writer out(text, fields_bytes(head) + own_fields_bytes);
  out.add("HTTP/1.1 ").add_number(head.status).add(" ", head.reason, "\r\n");
  for (const auto& f : head.fields)
    if (!is_hop_by_hop(name_of(f)) && !is_ours(f.name) && !named_by_connection(head.connection, f.name))
      add_as_it_came(out, f);
  out.add("\r\n");
}

} // namespace limpet::http
