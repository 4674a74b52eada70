#include "proxy/http/forwarding.hpp"

#include <boost/beast/http/field.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace limpet::http {

namespace {

using boost::beast::http::field;

field known(const header_field& f) noexcept {
  return static_cast<field>(f.known);
}

/// Hop-by-hop by name (RFC 9110 section 7.6.1), and the framing, which each hop writes for itself.
bool is_hop_by_hop(field name) noexcept {
  switch (name) {
  case field::connection:
  case field::proxy_connection:
  case field::keep_alive:
  case field::te:
  case field::transfer_encoding:
  case field::content_length:
  case field::upgrade:
  case field::proxy_authenticate:
  case field::proxy_authorization:
  case field::http2_settings:
    return true;
  default:
    return false;
  }
}

bool named_by_connection(const connection_options& options, std::string_view name) noexcept {
  return std::any_of(options.others.begin(), options.others.end(),
                     [&](std::string_view option) { return iequals(option, name); });
}

bool is_ours(std::string_view name) noexcept {
  return name.size() >= 7 && iequals(name.substr(0, 7), "limpet-");
}

void add(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void add_number(std::string& out, std::string_view name, std::uint64_t value) {
  char digits[20];
  const auto* end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  add(out, name, {digits, static_cast<std::size_t>(end - digits)});
}

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
  if (iequals(f.name, "X-Forwarded-Proto")) return believe && !std::exchange(seen.proto, true);
  if (iequals(f.name, "X-Forwarded-Host")) return believe && !std::exchange(seen.host, true);
  if (iequals(f.name, "X-Forwarded-For")) return false;
  if (iequals(f.name, "Forwarded")) return believe;
  if (iequals(f.name, "X-Request-Id")) return !f.value.empty() && !std::exchange(seen.id, true);
  return true;
}

void add_forwarded_for(std::string& out, const request_head& head, const forwarding_facts& facts) {
  out.append("X-Forwarded-For: ");
  if (facts.mode == config::forwarded_mode::append) {
    for (const auto& f : head.fields)
      if (iequals(f.name, "X-Forwarded-For") && !f.value.empty()) out.append(f.value).append(", ");
  }
  out.append(facts.peer).append("\r\n");
}

void add_framing(std::string& out, const framing& body) {
  if (body.how == framing::kind::chunked) add(out, "Transfer-Encoding", "chunked");
  if (body.how == framing::kind::length) add_number(out, "Content-Length", body.length);
}

void add_request_line(std::string& out, const request_head& head, const forwarding_facts& facts) {
  out.append(head.method_name).append(" ");
  out.append(facts.asterisk ? "*" : facts.path);
  if (facts.has_query) out.append("?").append(facts.query);
  out.append(" HTTP/1.1\r\n");
}

} // namespace

std::string_view request_id_of(const request_head& head) noexcept {
  for (const auto& f : head.fields)
    if (f.known == 0 && !f.value.empty() && iequals(f.name, "X-Request-Id")) return f.value;
  return {};
}

void write_request_head(const request_head& head, const forwarding_facts& facts, std::string& out) {
  add_request_line(out, head, facts);
  add(out, "Host", facts.host);
  forwarded_seen seen;
  for (const auto& f : head.fields) {
    const auto name = known(f);
    if (name == field::te) {
      for_each_element(f.value,
                       [&](std::string_view coding) { seen.trailers |= iequals(coding, "trailers"); });
    }
    if (name == field::host || is_hop_by_hop(name) || is_ours(f.name)) continue;
    if (!head.connection.others.empty() && named_by_connection(head.connection, f.name)) continue;
    // Only names that begin with X or F can be those that the proxy writes itself.
    const auto first = f.name.front() | 0x20;
    if ((first == 'x' || first == 'f') && !keeps(f, facts, seen)) continue;
    add(out, f.name, f.value);
  }
  add_forwarded_for(out, head, facts);
  if (!seen.proto) add(out, "X-Forwarded-Proto", facts.scheme);
  if (!seen.host && !facts.host.empty()) add(out, "X-Forwarded-Host", facts.host);
  if (!seen.id) add(out, "X-Request-Id", facts.request_id);
  add(out, "Via", head.minor_version == 0 ? "1.0 limpet" : "1.1 limpet");
  add_framing(out, head.body);
  if (facts.upgrade) {
    add(out, "Connection", "upgrade");
    add(out, "Upgrade", head.upgrade);
  } else if (seen.trailers) {
    out.append("TE: trailers\r\nConnection: TE\r\n");
  }
  out.append("\r\n");
}

void write_response_head(const response_head& head, const answer_facts& facts, const framing& body,
                         std::string& out) {
  char status[3] = {static_cast<char>('0' + head.status / 100),
                    static_cast<char>('0' + head.status / 10 % 10),
                    static_cast<char>('0' + head.status % 10)};
  out.append("HTTP/1.1 ").append(status, 3).append(" ").append(head.reason).append("\r\n");
  for (const auto& f : head.fields) {
    if (is_hop_by_hop(known(f)) || is_ours(f.name)) continue;
    if (!head.connection.others.empty() && named_by_connection(head.connection, f.name)) continue;
    add(out, f.name, f.value);
  }
  if (!head.has_date && head.status >= 200) add(out, "Date", facts.date);
  add(out, "Via", head.minor_version == 0 ? "1.0 limpet" : "1.1 limpet");
  if (!facts.set_cookie.empty()) {
    add(out, "Set-Cookie", facts.set_cookie);
    add(out, "Cache-Control", "private");
  }
  add_framing(out, body);
  if (facts.upgrade) {
    add(out, "Connection", "upgrade");
    add(out, "Upgrade", head.upgrade);
  } else if (!facts.keep_alive) {
    add(out, "Connection", "close");
  } else if (facts.client_is_http10) {
    add(out, "Connection", "keep-alive");
  }
  out.append("\r\n");
}

void write_interim_head(const response_head& head, std::string& out) {
  out.append("HTTP/1.1 ").append(std::to_string(head.status)).append(" ").append(head.reason).append("\r\n");
  for (const auto& f : head.fields)
    if (!is_hop_by_hop(known(f)) && !is_ours(f.name) && !named_by_connection(head.connection, f.name))
      add(out, f.name, f.value);
  out.append("\r\n");
}

} // namespace limpet::http
