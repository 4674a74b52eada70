#pragma once

#include "proxy/net/buffer_pool.hpp"

#include <cstddef>

namespace limpet::net {

/// A worker's blocks, in the size that suits what they are for. Who waits for a slow reader holds what that
/// one has not taken yet, and thousands can wait at once: while `plenty_bytes` are held, content is read in
/// small pieces. So a worker holds at most that, one large block, and a small one for each stream that waits.
class block_lender {
public:
  static constexpr std::size_t plenty_bytes = 64 * 1024 * 1024;
  static constexpr std::size_t small_block_bytes = 16 * 1024;

  /// `fast`: both sides keep pace, and a large block saves them system calls.
  buffer_pool::block take(bool fast) {
    if (is_short()) return small_.take();
    return fast ? large_.take() : ordinary_.take();
  }
  /// For what must be whole in one, as a head: buffer_pool::block_bytes, whatever is held.
  buffer_pool::block take_whole() { return ordinary_.take(); }
  /// To read into and be done with before anybody waits.
  buffer_pool::block take_scratch() { return ordinary_.take(); }

  /// How much may be read at a time by who keeps what is not taken in memory of his own.
  std::size_t read_at_most() const noexcept {
    return is_short() ? small_block_bytes : buffer_pool::block_bytes;
  }
  /// Tells of such memory, and of its end.
  void hold(std::size_t bytes) noexcept { held_ += bytes; }
  void release(std::size_t bytes) noexcept { held_ -= bytes; }

  std::size_t bytes_held() const noexcept {
    return held_ + small_.on_loan() * small_block_bytes + ordinary_.on_loan() * buffer_pool::block_bytes +
           large_.on_loan() * buffer_pool::large_block_bytes;
  }

private:
  bool is_short() const noexcept { return bytes_held() >= plenty_bytes; }

  buffer_pool small_{64, small_block_bytes};
  buffer_pool ordinary_;
  buffer_pool large_{8, buffer_pool::large_block_bytes};
  std::size_t held_ = 0;
};

} // namespace limpet::net
