#include "proxy/http/mac_memo.hpp"

#include <new>

namespace limpet::http {

/// The connection's memo, about these bytes from here on; none where there is no memory for it.
mac_memo* remembering_keys::memo_of(std::string_view bytes) const noexcept {
  if (!memo_) memo_.reset(new (std::nothrow) mac_memo);
  if (!memo_ || bytes.empty() || bytes.size() > mac_memo::bytes_max) return nullptr;
  auto& memo = *memo_;
  if (memo.snapshot == snapshot_ && memo.bytes == bytes) return &memo;
  try {
    memo.bytes.assign(bytes);
  } catch (const std::bad_alloc&) {
    memo.bytes.clear();
    return nullptr;
  }
  memo.snapshot = snapshot_;
  memo.known = {};
  return &memo;
}

routing::mac_bytes remembering_keys::mac(std::size_t index, std::string_view bytes) const noexcept {
  auto* memo = index < mac_memo::keys_max ? memo_of(bytes) : nullptr;
  if (!memo) return ring_.mac(index, bytes);
  if (!memo->known[index]) {
    memo->macs[index] = ring_.mac(index, bytes);
    memo->known[index] = true;
  }
  return memo->macs[index];
}

} // namespace limpet::http
