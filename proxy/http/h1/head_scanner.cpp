#include "proxy/http/h1/head_scanner.hpp"

#include "proxy/http/message.hpp"

#include <algorithm>
#include <cstring>

namespace limpet::http::h1 {

head_scanner::status head_scanner::scan(std::string_view bytes) noexcept {
  if (!bytes.empty() && !is_token(bytes.substr(0, 1))) return status::not_http;
  for (;;) {
    // The line's own limit or the head's, whichever is met first, bounds what is looked at: a byte past it
    // has no say.
    const auto head_end = limits_.head_bytes;
    const auto line_end = lines_ == 0 ? limits_.first_line_bytes + 2 : head_end;
    const auto end = std::min({bytes.size(), line_end, head_end});

    if (lines_ > 0 && scanned_ == line_start_ && scanned_ < end &&
        (bytes[scanned_] == ' ' || bytes[scanned_] == '\t'))
      return status::folded;

    const auto* from = bytes.data() + scanned_;
    const auto count = end - scanned_;
    const auto* feed = count ? static_cast<const char*>(std::memchr(from, '\n', count)) : nullptr;
    const auto until = feed ? static_cast<std::size_t>(feed - bytes.data()) : end;

    // A CR is good only right before the LF; the last byte that there is may still become that.
    const auto* carriage =
        count ? static_cast<const char*>(std::memchr(from, '\r', until - scanned_)) : nullptr;
    if (carriage && static_cast<std::size_t>(carriage - bytes.data()) + 1 < until)
      return status::bare_line_ending;

    if (feed) {
      if (until == line_start_ || bytes[until - 1] != '\r') return status::bare_line_ending;
      if (const auto ended = end_line(until); ended != status::incomplete) return ended;
      continue;
    }
    // A trailing CR is looked at again together with what follows it.
    scanned_ = carriage ? until - 1 : until;
    if (end == bytes.size() && end < std::min(line_end, head_end)) return status::incomplete;
    return lines_ == 0 && line_end <= head_end ? status::first_line_too_long : status::head_too_large;
  }
}

head_scanner::status head_scanner::end_line(std::size_t line_feed) noexcept {
  const bool empty = line_feed == line_start_ + 1;
  const bool first = lines_ == 0;
  scanned_ = line_feed + 1;
  line_start_ = scanned_;
  ++lines_;
  if (empty) return first ? status::bare_line_ending : status::complete;
  if (lines_ > limits_.field_count + 1) return status::too_many_fields;
  return status::incomplete;
}

} // namespace limpet::http::h1
