#include "proxy/http/session_digest.hpp"

#include "proxy/http/hmac.hpp"

#include <fmt/format.h>

namespace limpet::http {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

} // namespace

/// Lengths first: no two pairs of names run into one text.
std::string session_digest_key(std::string_view cluster, std::string_view pool) {
  return fmt::format("limpet-session/1 {} {} {} {}", cluster.size(), pool.size(), cluster, pool);
}

session_digest digest_session(std::string_view digest_key, std::string_view session_key) noexcept {
  session_digest out;
  auto* to = out.data();
  for (const auto byte : hmac(digest_key, session_key)) {
    *to++ = digits[byte >> 4];
    *to++ = digits[byte & 15];
  }
  return out;
}

std::string_view session_digest_memo::of(std::uint32_t pool, std::string_view digest_key,
                                         std::string_view session_key) {
  if (!is_known_ || pool_ != pool || session_key_ != session_key) {
    is_known_ = false; // for as long as there may be no memory for the key
    session_key_.assign(session_key);
    digest_ = digest_session(digest_key, session_key);
    pool_ = pool;
    is_known_ = true;
  }
  return {digest_.data(), digest_.size()};
}

} // namespace limpet::http
