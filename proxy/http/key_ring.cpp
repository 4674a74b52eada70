#include "proxy/http/key_ring.hpp"

#include "proxy/http/hmac.hpp"

namespace limpet::http {

key_ring::key_ring(const std::vector<config::signing_key>& keys) {
  secrets_.reserve(keys.size());
  for (const auto& key : keys)
    secrets_.push_back(key.secret);
}

routing::mac_bytes key_ring::mac(std::size_t index, std::string_view bytes) const noexcept {
  return hmac(secrets_[index], bytes);
}

} // namespace limpet::http
