#include "proxy/http/field_name.hpp"

#include "proxy/http/message.hpp"

#include <algorithm>
#include <array>

namespace limpet::http {

namespace {

struct entry {
  std::string_view text;
  field_name name;
};

/// By length: few have the same one, so that a name that is none of these is known by it, or by its first
/// letter.
constexpr std::array entries{
    entry{"TE", field_name::te},
    entry{"Date", field_name::date},
    entry{"Host", field_name::host},
    entry{"Expect", field_name::expect},
    entry{"Upgrade", field_name::upgrade},
    entry{"Forwarded", field_name::forwarded},
    entry{"Connection", field_name::connection},
    entry{"Keep-Alive", field_name::keep_alive},
    entry{"Content-Type", field_name::content_type},
    entry{"X-Request-Id", field_name::x_request_id},
    entry{"Content-Length", field_name::content_length},
    entry{"HTTP2-Settings", field_name::http2_settings},
    entry{"X-Forwarded-For", field_name::x_forwarded_for},
    entry{"Proxy-Connection", field_name::proxy_connection},
    entry{"X-Forwarded-Host", field_name::x_forwarded_host},
    entry{"Sec-WebSocket-Key", field_name::sec_websocket_key},
    entry{"Transfer-Encoding", field_name::transfer_encoding},
    entry{"X-Forwarded-Proto", field_name::x_forwarded_proto},
    entry{"Proxy-Authenticate", field_name::proxy_authenticate},
    entry{"Proxy-Authorization", field_name::proxy_authorization},
    entry{"Sec-WebSocket-Accept", field_name::sec_websocket_accept},
    entry{"Sec-WebSocket-Version", field_name::sec_websocket_version},
};

constexpr std::size_t longest = entries.back().text.size();

/// Where the names of each length begin in `entries`.
constexpr auto begins = [] {
  std::array<std::uint8_t, longest + 2> at{};
  for (std::size_t size = 0; size < at.size(); ++size)
    at[size] = static_cast<std::uint8_t>(
        std::count_if(entries.begin(), entries.end(), [&](const entry& e) { return e.text.size() < size; }));
  return at;
}();

static_assert(std::is_sorted(entries.begin(), entries.end(),
                             [](const entry& a, const entry& b) { return a.text.size() < b.text.size(); }));

} // namespace

field_name field_name_of(std::string_view text) noexcept {
  if (text.empty() || text.size() > longest) return field_name::other;
  for (std::size_t i = begins[text.size()]; i < begins[text.size() + 1]; ++i) {
    const auto& e = entries[i];
    if ((text[0] | 0x20) == (e.text[0] | 0x20) && iequals(text, e.text)) return e.name;
  }
  return field_name::other;
}

} // namespace limpet::http
