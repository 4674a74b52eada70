#include "proxy/http/field_name.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace limpet::http {
namespace {

const std::vector<std::pair<std::string, field_name>> names{
    {"Connection", field_name::connection},
    {"Content-Length", field_name::content_length},
    {"Content-Type", field_name::content_type},
    {"Date", field_name::date},
    {"Expect", field_name::expect},
    {"Forwarded", field_name::forwarded},
    {"Host", field_name::host},
    {"HTTP2-Settings", field_name::http2_settings},
    {"Keep-Alive", field_name::keep_alive},
    {"Proxy-Authenticate", field_name::proxy_authenticate},
    {"Proxy-Authorization", field_name::proxy_authorization},
    {"Proxy-Connection", field_name::proxy_connection},
    {"Sec-WebSocket-Accept", field_name::sec_websocket_accept},
    {"Sec-WebSocket-Key", field_name::sec_websocket_key},
    {"Sec-WebSocket-Version", field_name::sec_websocket_version},
    {"TE", field_name::te},
    {"Transfer-Encoding", field_name::transfer_encoding},
    {"Upgrade", field_name::upgrade},
    {"X-Forwarded-For", field_name::x_forwarded_for},
    {"X-Forwarded-Host", field_name::x_forwarded_host},
    {"X-Forwarded-Proto", field_name::x_forwarded_proto},
    {"X-Request-Id", field_name::x_request_id},
};

TEST(field_name, is_known_in_any_case) {
  for (const auto& [text, name] : names) {
    EXPECT_EQ(field_name_of(text), name) << text;
    std::string lower, upper;
    for (const char c : text) {
      lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    EXPECT_EQ(field_name_of(lower), name) << lower;
    EXPECT_EQ(field_name_of(upper), name) << upper;
  }
}

TEST(field_name, is_other_where_a_single_character_differs) {
  for (const auto& [text, name] : names) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      auto changed = text;
      changed[i] = changed[i] == 'q' ? 'p' : 'q';
      EXPECT_EQ(field_name_of(changed), field_name::other) << changed;
      // A hyphen with the bit that tells letters' cases apart is a carriage return.
      changed[i] = static_cast<char>(text[i] ^ 0x20);
      if (!std::isalpha(static_cast<unsigned char>(text[i]))) {
        EXPECT_EQ(field_name_of(changed), field_name::other) << changed;
      }
    }
    EXPECT_EQ(field_name_of(text + "s"), field_name::other);
    EXPECT_EQ(field_name_of(text.substr(1)), field_name::other);
  }
  EXPECT_EQ(field_name_of(""), field_name::other);
  EXPECT_EQ(field_name_of(std::string(1'000, 'a')), field_name::other);
}

} // namespace
} // namespace limpet::http
