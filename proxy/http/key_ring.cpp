#include "proxy/http/key_ring.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

namespace limpet::http {

key_ring::key_ring(const std::vector<config::signing_key>& keys) {
  secrets_.reserve(keys.size());
  for (const auto& key : keys)
    secrets_.push_back(key.secret);
}

routing::mac_bytes key_ring::mac(std::size_t index, std::string_view bytes) const noexcept {
  const auto& secret = secrets_[index];
  std::array<unsigned char, EVP_MAX_MD_SIZE> whole{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), whole.data(), &size);
  routing::mac_bytes truncated;
  std::copy_n(whole.begin(), truncated.size(), truncated.begin());
  return truncated;
}

} // namespace limpet::http
