#include "routing/request_target.hpp"

#include "routing/address.hpp"
#include "routing/ascii.hpp"
#include "routing/percent.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace limpet::routing {
namespace {

using target_status = request_target::status;

constexpr std::size_t host_size_max = 255;

// -- authority --------------------------------------------------------

struct authority_parts {
  std::string_view host; ///< brackets kept, final dot removed
  std::string_view port; ///< may be empty
};

/// unreserved and sub-delims of RFC 3986.
bool is_host_byte(char c) noexcept {
  return is_ascii_alpha(c) || is_ascii_digit(c) ||
         std::string_view("-._~!$&'()*+,;=").find(c) != std::string_view::npos;
}

bool is_bracketed_ipv6(std::string_view text) noexcept {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return false;
  const std::string_view inner = text.substr(1, text.size() - 2);
  return inner.find(':') != std::string_view::npos && ip_address::parse(inner).has_value();
}

bool is_port_or_empty(std::string_view text) noexcept {
  if (text.size() > 5 || !std::ranges::all_of(text, is_ascii_digit)) return false;
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value <= 65'535;
}

std::optional<authority_parts> split_authority(std::string_view text) noexcept {
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  const std::size_t colon = text.find(':', bracket); // npos where the bracket does not close
  authority_parts parts{text.substr(0, colon), {}};
  if (colon != std::string_view::npos) parts.port = text.substr(colon + 1);
  if (parts.host.empty() || parts.host.size() > host_size_max || !is_port_or_empty(parts.port)) return {};
  if (parts.host.starts_with('[')) return is_bracketed_ipv6(parts.host) ? std::optional(parts) : std::nullopt;
  if (parts.host.ends_with('.')) parts.host.remove_suffix(1);
  if (parts.host.empty() || !std::ranges::all_of(parts.host, is_host_byte)) return {};
  return parts;
}

// -- path -------------------------------------------------------------

enum class path_kind : std::uint8_t { plain, has_dot_segments, ambiguous };

/// Calls `visit(segment, is_last)` for what stands between the slashes of an absolute path, until it returns
/// false.
template <class Visit>
void each_segment(std::string_view path, Visit visit) {
  std::size_t start = 1;
  while (true) {
    const std::size_t end = path.find('/', start);
    const bool is_last = end == std::string_view::npos;
    if (!visit(path.substr(start, end - start), is_last) || is_last) return;
    start = end + 1;
  }
}

bool is_dot_segment(std::string_view segment) noexcept {
  return segment == "." || segment == "..";
}

/// A "%" that begins no encoding, or the encoding of a byte that a member may take for structure.
bool has_ambiguous_encoding(std::string_view path) noexcept {
  for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 3)) {
    const std::optional<char> c = decode_percent_at(path, at);
    if (!c || *c == '/' || *c == '\\' || *c == '\0') return true;
  }
  return false;
}

bool is_encoded_dot_segment(std::string_view segment) noexcept {
  return segment.find('%') != std::string_view::npos &&
         (percent_decodes_to(segment, ".") || percent_decodes_to(segment, ".."));
}

path_kind classify_path(std::string_view path) noexcept {
  if (path.find('\\') != std::string_view::npos || has_ambiguous_encoding(path)) return path_kind::ambiguous;
  path_kind kind = path_kind::plain;
  each_segment(path, [&kind](std::string_view segment, bool) {
    if (is_dot_segment(segment)) kind = path_kind::has_dot_segments;
    if (is_encoded_dot_segment(segment)) kind = path_kind::ambiguous;
    return kind != path_kind::ambiguous;
  });
  return kind;
}

/// RFC 3986 section 5.2.4, for an absolute path.
void remove_dot_segments(std::string_view path, std::string& out) {
  out.clear();
  each_segment(path, [&out](std::string_view segment, bool is_last) {
    if (segment == "..") {
      const std::size_t parent = out.rfind('/');
      out.resize(parent == std::string::npos ? 0 : parent);
    }
    if (!is_dot_segment(segment))
      out.append("/").append(segment);
    else if (is_last)
      out.append("/");
    return true;
  });
}

// -- forms ------------------------------------------------------------

bool is_target_byte(char c) noexcept {
  return c > 0x20 && c < 0x7f && c != '#';
}

target_status read_path_and_query(std::string_view text, request_target& out, std::string& scratch) {
  const std::size_t mark = text.find('?');
  out.path = text.substr(0, mark);
  out.has_query = mark != std::string_view::npos;
  if (out.has_query) out.query = text.substr(mark + 1);
  if (out.path.empty()) out.path = "/";
  switch (classify_path(out.path)) {
  case path_kind::plain:
    break;
  case path_kind::ambiguous:
    return target_status::ambiguous_path;
  case path_kind::has_dot_segments:
    remove_dot_segments(out.path, scratch);
    out.path = scratch;
    break;
  }
  return target_status::ok;
}

/// Size of the scheme with "://", or 0 where the text is not in absolute form.
std::size_t scheme_size(std::string_view text) noexcept {
  for (const std::string_view scheme : {"http://", "https://"})
    if (ascii_iequal(text.substr(0, scheme.size()), scheme)) return scheme.size();
  return 0;
}

target_status read_absolute(std::string_view text, request_target& out, std::string& scratch) {
  out.kind = request_target::form::absolute;
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  out.authority = text.substr(0, end);
  if (!split_authority(out.authority)) return target_status::malformed;
  return read_path_and_query(text.substr(end), out, scratch);
}

target_status read_authority(std::string_view text, request_target& out) {
  out.kind = request_target::form::authority;
  out.authority = text;
  out.path = "/";
  const auto parts = split_authority(text);
  return parts && !parts->port.empty() ? target_status::ok : target_status::malformed;
}

} // namespace

target_status parse_request_target(std::string_view text, request_target& out, std::string& scratch) {
  out = {};
  if (text.empty() || !std::ranges::all_of(text, is_target_byte)) return target_status::malformed;
  if (text.front() == '/') return read_path_and_query(text, out, scratch);
  if (text == "*") {
    out.kind = request_target::form::asterisk;
    out.path = "/";
    return target_status::ok;
  }
  if (const std::size_t scheme = scheme_size(text); scheme != 0)
    return read_absolute(text.substr(scheme), out, scratch);
  return read_authority(text, out);
}

bool parse_authority(std::string_view text, std::string& host) {
  const std::optional<authority_parts> parts = split_authority(text);
  if (!parts) return false;
  host.resize(parts->host.size());
  std::ranges::transform(parts->host, host.begin(), ascii_lower);
  return true;
}

} // namespace limpet::routing
