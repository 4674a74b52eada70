#pragma once

#include "routing/token.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace limpet::http {

/// What a connection's last token or envelope was authenticated by, so that the next request with the same
/// cookie costs no HMAC. One a connection: whether the last cookie was the same can be told from how long an
/// answer takes, by whoever shares the connection, and of whoever knows all of that cookie already.
struct mac_memo {
  static constexpr std::size_t keys_max = 2; ///< the key that signs and the one before it

  static constexpr std::size_t bytes_max = 256; ///< what is longer is not remembered

  std::uint64_t snapshot = 0; ///< the ring is that snapshot's
  std::string bytes;          ///< empty: there are none
  std::array<routing::mac_bytes, keys_max> macs{};
  std::array<bool, keys_max> known{};
};

/// A key ring that looks into a memo first. Makes the memo when there is something to remember.
class remembering_keys final : public routing::token_keys {
public:
  remembering_keys(const routing::token_keys& ring, std::uint64_t snapshot,
                   std::unique_ptr<mac_memo>& memo) noexcept
      : ring_(ring), snapshot_(snapshot), memo_(memo) {}

  std::size_t size() const noexcept override { return ring_.size(); }
  routing::mac_bytes mac(std::size_t index, std::string_view bytes) const noexcept override;

private:
  mac_memo* memo_of(std::string_view bytes) const noexcept;

  const routing::token_keys& ring_;
  std::uint64_t snapshot_;
  std::unique_ptr<mac_memo>& memo_;
};

} // namespace limpet::http
