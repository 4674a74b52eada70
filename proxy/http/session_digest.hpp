#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace limpet::http {

/// Whose sessions are told apart by a digest: those of one pool of one cluster.
std::string session_digest_key(std::string_view cluster, std::string_view pool);

/// 32 hexadecimal digits: HMAC-SHA256 truncated to 128 bits.
using session_digest = std::array<char, 32>;
session_digest digest_session(std::string_view digest_key, std::string_view session_key) noexcept;

/// What a connection's last session was digested to, so that the next request of that session costs no HMAC.
class session_digest_memo {
public:
  /// Good until the next call. `pool` is its number, which stands for `digest_key`.
  std::string_view of(std::uint32_t pool, std::string_view digest_key, std::string_view session_key);

private:
  std::uint32_t pool_ = 0;
  std::string session_key_;
  session_digest digest_{};
  bool is_known_ = false;
};

} // namespace limpet::http
