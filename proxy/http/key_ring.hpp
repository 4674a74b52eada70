#pragma once

#include "config/config.hpp"
#include "routing/token.hpp"

#include <memory>
#include <string>
#include <vector>

namespace limpet::http {

/// The configuration's signing keys, over OpenSSL's HMAC-SHA256. Read-only once made: shared by all workers.
class key_ring final : public routing::token_keys {
public:
  explicit key_ring(const std::vector<config::signing_key>& keys);
  std::size_t size() const noexcept override { return secrets_.size(); }
  routing::mac_bytes mac(std::size_t index, std::string_view bytes) const noexcept override;

private:
  std::vector<std::string> secrets_;
};

} // namespace limpet::http
