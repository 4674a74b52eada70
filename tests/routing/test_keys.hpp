#pragma once

#include "routing/token.hpp"
#include "routing/view.hpp"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace limpet::routing::testing {

/// A key ring whose MAC is a hash of secret and bytes: enough for the codec, which does not know HMAC.
class fake_keys : public token_keys {
public:
  explicit fake_keys(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {}

  std::size_t size() const noexcept override { return secrets_.size(); }
  mac_bytes mac(std::size_t index, std::string_view bytes) const noexcept override {
    mac_bytes result;
    const std::uint64_t halves[] = {hash_bytes(secrets_[index] + "1" + std::string(bytes)),
                                    hash_bytes(secrets_[index] + "2" + std::string(bytes))};
    std::memcpy(result.data(), halves, sizeof halves);
    return result;
  }

private:
  std::vector<std::string> secrets_;
};

} // namespace limpet::routing::testing
