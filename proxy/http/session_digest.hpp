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

/// The fields that tell a member whose request it gets, and by which epoch: Limpet-Session and Limpet-Epoch,
/// each with its CRLF. A connection keeps those of its last session, so that the next request of that session
/// costs no HMAC.
class session_fields_memo {
public:
  /// Good until the next call. `pool` is its number, which stands for `digest_key`.
  std::string_view of(std::uint32_t pool, std::string_view digest_key, std::uint64_t epoch,
                      std::string_view session_key) {
    if (text_.empty() || pool_ != pool || epoch_ != epoch || session_key_ != session_key)
      write(pool, digest_key, epoch, session_key);
    return text_;
  }

private:
  void write(std::uint32_t pool, std::string_view digest_key, std::uint64_t epoch,
             std::string_view session_key);

  std::string text_; ///< empty: nothing is known yet
  std::string session_key_;
  std::uint64_t epoch_ = 0;
  std::uint32_t pool_ = 0;
};

} // namespace limpet::http
