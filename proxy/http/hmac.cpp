#include "proxy/http/hmac.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

namespace limpet::http {

routing::mac_bytes hmac(std::string_view key, std::string_view bytes) noexcept {
  std::array<unsigned char, EVP_MAX_MD_SIZE> whole{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), whole.data(), &size);
  routing::mac_bytes truncated;
  std::copy_n(whole.begin(), truncated.size(), truncated.begin());
  return truncated;
}

} // namespace limpet::http
