#include "proxy/http/h1/chunked.hpp"

#include "proxy/http/message.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace limpet::http::h1 {

namespace {

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_field_byte(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

/// Fields that change how a message is framed, routed or authorised must not come after it.
bool may_trail(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 21> never{"content-length",
                                                   "content-type",
                                                   "content-encoding",
                                                   "content-range",
                                                   "transfer-encoding",
                                                   "trailer",
                                                   "te",
                                                   "host",
                                                   "connection",
                                                   "proxy-connection",
                                                   "keep-alive",
                                                   "upgrade",
                                                   "expect",
                                                   "forwarded",
                                                   "cookie",
                                                   "set-cookie",
                                                   "authorization",
                                                   "proxy-authorization",
                                                   "www-authenticate",
                                                   "proxy-authenticate",
                                                   "x-request-id"};
  const auto begins_with = [&](std::string_view prefix) {
    return name.size() >= prefix.size() && iequals(name.substr(0, prefix.size()), prefix);
  };
  if (begins_with("limpet-") || begins_with("x-forwarded-")) return false;
  return std::none_of(never.begin(), never.end(), [&](std::string_view n) { return iequals(n, name); });
}

} // namespace

chunked_decoder::result chunked_decoder::decode(std::span<char> bytes) {
  result r;
  while (r.consumed < bytes.size() && state_ != state::done) {
    if (state_ != state::data) {
      if (!step(bytes[r.consumed])) {
        r.outcome = status::malformed;
        return r;
      }
      ++r.consumed;
      continue;
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - r.consumed));
    if (r.data != r.consumed) std::memmove(bytes.data() + r.data, bytes.data() + r.consumed, count);
    r.data += count;
    r.consumed += count;
    left_ -= count;
    if (left_ == 0) state_ = state::data_cr;
  }
  if (state_ == state::done) r.outcome = status::done;
  return r;
}

bool chunked_decoder::step(char c) {
  switch (state_) {
  case state::size:
    if (const auto value = hex_value(c); value >= 0) {
      if (++digits_ > 16) return false;
      left_ = left_ * 16 + static_cast<std::uint64_t>(value);
      return true;
    }
    if (digits_ == 0) return false;
    if (c == '\r') {
      state_ = state::size_lf;
      return true;
    }
    // BWS before an extension is tolerated nowhere: senders must not make it (RFC 9110 section 5.6.3).
    if (c != ';') return false;
    state_ = state::extension;
    return true;
  case state::extension:
    if (c == '\r') {
      state_ = state::size_lf;
      return true;
    }
    return is_field_byte(c) && ++extension_bytes_ <= extension_bytes_max &&
           ++all_extension_bytes_ <= all_extension_bytes_max;
  case state::size_lf:
    if (c != '\n') return false;
    state_ = left_ > 0 ? state::data : state::trailer;
    digits_ = 0;
    return true;
  case state::data_cr:
    state_ = state::data_lf;
    return c == '\r';
  case state::data_lf:
    state_ = state::size;
    extension_bytes_ = 0;
    return c == '\n';
  case state::trailer:
    if (++trailer_bytes_ > trailer_bytes_max) return false;
    line_.push_back(c);
    return c != '\n' || take_trailer_line();
  case state::data:
  case state::done:
    break;
  }
  return false;
}

bool chunked_decoder::take_trailer_line() {
  std::string_view line = line_;
  if (!line.ends_with("\r\n")) return false;
  line.remove_suffix(2);
  if (line.empty()) {
    state_ = state::done;
    line_.clear();
    return true;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
  if (!std::all_of(line.begin(), line.end(), is_field_byte)) return false;
  if (may_trail(line.substr(0, colon))) trailers_ += line_;
  line_.clear();
  return true;
}

void chunked_decoder::drop_trailers(std::string_view name) {
  std::string kept;
  for (std::string_view rest = trailers_; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n') + 1);
    rest.remove_prefix(line.size());
    if (!iequals(line.substr(0, line.find(':')), name)) kept += line;
  }
  trailers_ = std::move(kept);
}

chunk_header make_chunk_header(std::uint64_t data_bytes) noexcept {
  chunk_header h;
  auto* end = std::to_chars(h.bytes.data(), h.bytes.data() + 16, data_bytes, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  h.size = static_cast<std::size_t>(end - h.bytes.data());
  return h;
}

} // namespace limpet::http::h1
