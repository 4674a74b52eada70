#include "proxy/http/session_digest.hpp"

#include "proxy/http/hmac.hpp"

#include <fmt/format.h>

namespace limpet::http {

namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr std::string_view session_field = "Limpet-Session: ";
constexpr std::size_t session_field_size = session_field.size() + session_digest().size() + 2; // and CRLF

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

/// With each commit the epoch is another, and the digest stays.
void session_fields_memo::write(std::uint32_t pool, std::string_view digest_key, std::uint64_t epoch,
                                std::string_view session_key) {
  const bool is_known = !text_.empty() && pool_ == pool && session_key_ == session_key;
  std::string text;
  if (is_known) {
    text.assign(text_, 0, session_field_size);
  } else {
    const auto digest = digest_session(digest_key, session_key);
    text.append(session_field).append(digest.data(), digest.size()).append("\r\n");
  }
  text_.clear(); // for as long as there may be no memory for the rest
  session_key_.assign(session_key);
  pool_ = pool;
  epoch_ = epoch;
  text_ = fmt::format("{}Limpet-Epoch: {}\r\n", text, epoch);
}

} // namespace limpet::http
