#include "proxy/http/websocket_handshake.hpp"

#include "proxy/http/field_name.hpp"

#include <boost/beast/core/detail/base64.hpp>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <string>

namespace limpet::http {

namespace {

/// The one value of a field; empty where it is missing or repeated.
std::string_view single(std::span<const header_field> fields, field_name name) {
  const header_field* found = nullptr;
  for (const auto& f : fields) {
    if (name_of(f) != name) continue;
    if (found) return {};
    found = &f;
  }
  return found ? found->value : std::string_view{};
}

/// 16 bytes in base64: 22 letters and two signs of padding.
bool is_websocket_key(std::string_view key) {
  constexpr std::size_t letters = 22;
  return key.size() == letters + 2 && key.ends_with("==") &&
         std::all_of(key.begin(), key.begin() + letters, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
                  c == '/';
         });
}

std::string accept_of(std::string_view key) {
  std::string input(key);
  input += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455 section 1.3
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(input.data()), input.size(), digest.data());
  namespace base64 = boost::beast::detail::base64;
  std::string text(base64::encoded_size(digest.size()), '\0');
  text.resize(base64::encode(text.data(), digest.data(), digest.size()));
  return text;
}

} // namespace

bool is_websocket_request(const request_head& head) {
  return head.known_method == method::get &&
         is_websocket_key(single(head.fields, field_name::sec_websocket_key)) &&
         !single(head.fields, field_name::sec_websocket_version).empty();
}

bool accepts_websocket(const request_head& request, const response_head& answer) {
  return single(answer.fields, field_name::sec_websocket_accept) ==
         accept_of(single(request.fields, field_name::sec_websocket_key));
}

} // namespace limpet::http
