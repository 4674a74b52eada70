#include "proxy/http/h1/head_parser.hpp"

#include "proxy/http/field_name.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace limpet::http::h1 {

namespace {

/// What both heads have in common while their fields come in.
struct framing_fields {
  bool has_length = false;
  bool bad_length = false;
  std::uint64_t length = 0;
  unsigned codings = 0; ///< elements of Transfer-Encoding
  bool last_is_chunked = false;
  bool unknown_coding = false;
  bool malformed_coding = false;
  unsigned hosts = 0;

  void add_length(std::string_view value) {
    std::uint64_t parsed = 0;
    const auto* end = value.data() + value.size();
    // from_chars takes a minus sign for unsigned types too; digits only (RFC 9110 section 8.6).
    const bool digits = !value.empty() &&
                        std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    const auto [stop, error] = std::from_chars(value.data(), end, parsed);
    if (!digits || error != std::errc{} || stop != end) bad_length = true;
    // A length said twice is refused even where both agree: who said it twice may not count as we do.
    if (has_length) bad_length = true;
    has_length = true;
    length = parsed;
  }

  void add_codings(std::string_view value) {
    // Behind `chunked` comes nothing, and who joins the fields in another order may find it elsewhere.
    if (last_is_chunked) malformed_coding = true;
    const auto before = codings;
    const auto commas = static_cast<unsigned>(std::count(value.begin(), value.end(), ','));
    for_each_element(value, [&](std::string_view coding) {
      ++codings;
      last_is_chunked = iequals(coding, "chunked");
      if (!last_is_chunked)
        (is_token(coding.substr(0, coding.find(';'))) ? unknown_coding : malformed_coding) = true;
    });
    // Empty elements, which lists may have (RFC 9110 section 5.6.1), are one more thing to count differently.
    if (codings - before != commas + 1) malformed_coding = true;
  }
};

bool is_token_list(std::string_view value) {
  bool are_tokens = true;
  for_each_element(value, [&](std::string_view element) { are_tokens &= is_token(element); });
  return are_tokens;
}

void add_connection_options(std::string_view value, connection_options& out) {
  for_each_element(value, [&](std::string_view option) {
    if (iequals(option, "close"))
      out.close = true;
    else if (iequals(option, "keep-alive"))
      out.keep_alive = true;
    else if (iequals(option, "upgrade"))
      out.upgrade = true;
    else
      out.others.push_back(option);
  });
}

/// Takes a line off the front, without its CRLF.
std::string_view take_line(std::string_view& head) noexcept {
  const auto end = head.find("\r\n");
  const auto line = head.substr(0, end);
  head.remove_prefix(std::min(head.size(), line.size() + 2));
  return line;
}

/// Takes what stands before the next space off the front, and the space.
std::string_view take_word(std::string_view& line) noexcept {
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  return word;
}

/// RFC 9112 section 5: name, colon, value with white space around it. None between name and colon.
bool read_field(std::string_view line, header_field& out) noexcept {
  const auto name_size = token_size(line);
  if (name_size == 0 || name_size == line.size() || line[name_size] != ':') return false;
  auto value = line.substr(name_size + 1);
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!value.empty() && is_space(value.front()))
    value.remove_prefix(1);
  while (!value.empty() && is_space(value.back()))
    value.remove_suffix(1);
  const auto name = line.substr(0, name_size);
  out = {name, value, static_cast<std::uint16_t>(field_name_of(name))};
  return !has_control(value);
}

/// "HTTP/" digit "." digit (RFC 9112 section 2.3).
bool is_version(std::string_view text) noexcept {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' &&
         is_digit(text[7]);
}

/// The minor version of HTTP/1.0 or HTTP/1.1.
std::optional<unsigned> minor_version_of(std::string_view text) noexcept {
  if (text == "HTTP/1.1") return 1;
  if (text == "HTTP/1.0") return 0;
  return {};
}

refusal read_request_line(std::string_view line, request_head& out) noexcept {
  out.method_name = take_word(line);
  out.target = take_word(line);
  if (!is_token(out.method_name) || out.target.empty() || has_control(out.target) ||
      out.target.find('\t') != std::string_view::npos)
    return refusal::malformed_head;
  const auto minor = minor_version_of(line);
  if (!minor) return is_version(line) ? refusal::unsupported_version : refusal::malformed_head;
  out.minor_version = *minor;
  out.known_method = method_of(out.method_name);
  return refusal::none;
}

bool read_status_line(std::string_view line, response_head& out) noexcept {
  const auto minor = minor_version_of(take_word(line));
  const auto code = take_word(line);
  const auto* end = code.data() + code.size();
  if (!minor || code.size() != 3 || std::from_chars(code.data(), end, out.status).ptr != end) return false;
  out.minor_version = *minor;
  out.reason = line;
  return out.status >= 100 && out.status <= 599 && !has_control(line);
}

void look_at(const header_field& f, request_head& out, framing_fields& framing) noexcept {
  switch (name_of(f)) {
  case field_name::host:
    ++framing.hosts;
    out.host = f.value;
    break;
  case field_name::expect:
    out.expects_continue |= iequals(f.value, "100-continue");
    break;
  default:
    break;
  }
}

void look_at(const header_field& f, response_head& out, framing_fields&) noexcept {
  switch (name_of(f)) {
  case field_name::content_type:
    out.content_type = f.value;
    break;
  case field_name::date:
    out.has_date = true;
    break;
  default:
    break;
  }
}

/// The lines behind the first, up to the empty one.
template <class Head>
bool read_fields(std::string_view lines, Head& out, framing_fields& framing) {
  for (auto line = take_line(lines); !line.empty(); line = take_line(lines)) {
    auto& f = out.fields.emplace_back();
    if (!read_field(line, f)) return false;
    switch (name_of(f)) {
    case field_name::content_length:
      framing.add_length(f.value);
      break;
    case field_name::transfer_encoding:
      framing.add_codings(f.value);
      break;
    case field_name::connection:
      if (!is_token_list(f.value)) return false;
      add_connection_options(f.value, out.connection);
      break;
    case field_name::proxy_connection:
      if (!is_token_list(f.value)) return false;
      break;
    case field_name::upgrade:
      out.upgrade = f.value;
      break;
    default:
      look_at(f, out, framing);
    }
  }
  return true;
}

/// RFC 9112 section 6.3 for requests, with what the RFC leaves open refused.
refusal request_framing(const framing_fields& seen, unsigned minor_version, framing& out) {
  if (seen.codings > 0 || seen.malformed_coding) {
    if (seen.malformed_coding || minor_version == 0 || seen.has_length) return refusal::ambiguous_framing;
    if (seen.unknown_coding) return refusal::unsupported_transfer_coding;
    if (seen.codings > 1) return refusal::ambiguous_framing;
    out.how = framing::kind::chunked;
    return refusal::none;
  }
  if (seen.bad_length) return refusal::ambiguous_framing;
  if (seen.has_length) out = {framing::kind::length, seen.length};
  return refusal::none;
}

/// The same for answers. A member that speaks HTTP/1.0 or another coding than chunked is not understood.
bool response_framing(const framing_fields& seen, unsigned minor_version, framing& out) {
  if (seen.codings > 0 || seen.malformed_coding) {
    if (seen.malformed_coding || seen.unknown_coding || seen.codings > 1 || seen.has_length ||
        minor_version == 0)
      return false;
    out.how = framing::kind::chunked;
    return true;
  }
  if (seen.bad_length) return false;
  out =
      seen.has_length ? framing{framing::kind::length, seen.length} : framing{framing::kind::until_close, 0};
  return true;
}

} // namespace

refusal parse_request_head(std::string_view bytes, request_head& out) {
  out.clear();
  if (const auto why = read_request_line(take_line(bytes), out); why != refusal::none) return why;
  framing_fields seen;
  if (!read_fields(bytes, out, seen)) return refusal::malformed_head;
  if (seen.hosts > 1 || (seen.hosts == 0 && out.minor_version >= 1)) return refusal::malformed_host;
  if (!out.connection.upgrade) out.upgrade = {};
  return request_framing(seen, out.minor_version, out.body);
}

bool parse_response_head(std::string_view bytes, response_head& out) {
  out.clear();
  framing_fields seen;
  return read_status_line(take_line(bytes), out) && read_fields(bytes, out, seen) &&
         response_framing(seen, out.minor_version, out.body);
}

} // namespace limpet::http::h1
