#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace limpet::net {

/// Blocks of one size, last used first out, so that a busy worker's blocks stay in its caches and an idle
/// connection holds none. A worker's own. Keeps at most `keep` free blocks; the rest go back to the
/// allocator.
class buffer_pool {
public:
  static constexpr std::size_t block_bytes = 64 * 1024;
  /// For content that comes as fast as it goes: a quarter of the system calls.
  static constexpr std::size_t large_block_bytes = 256 * 1024;
  /// Who brings so much in one read is taken to have more.
  static constexpr std::size_t fast_read_bytes = block_bytes / 2;

  explicit buffer_pool(std::size_t keep = 64, std::size_t bytes = block_bytes) : keep_(keep), bytes_(bytes) {}
  buffer_pool(const buffer_pool&) = delete;

  /// A block on loan; goes back when it is destroyed.
  class block {
  public:
    block() = default;
    block(block&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), bytes_(std::move(other.bytes_)) {}
    block& operator=(block&& other) noexcept {
      reset();
      pool_ = std::exchange(other.pool_, nullptr);
      bytes_ = std::move(other.bytes_);
      return *this;
    }
    ~block() { reset(); }

    explicit operator bool() const noexcept { return bytes_ != nullptr; }
    std::span<std::byte> span() const noexcept { return {bytes_.get(), pool_ ? pool_->bytes_ : 0}; }
    void reset() noexcept {
      if (bytes_) pool_->give_back(std::move(bytes_));
    }

  private:
    friend class buffer_pool;
    block(buffer_pool& pool, std::unique_ptr<std::byte[]> bytes) noexcept
        : pool_(&pool), bytes_(std::move(bytes)) {}
    buffer_pool* pool_ = nullptr;
    std::unique_ptr<std::byte[]> bytes_;
  };

  block take() {
    ++on_loan_;
    if (free_.empty()) return {*this, std::make_unique_for_overwrite<std::byte[]>(bytes_)};
    auto bytes = std::move(free_.back());
    free_.pop_back();
    return {*this, std::move(bytes)};
  }

  std::size_t on_loan() const noexcept { return on_loan_; }

private:
  void give_back(std::unique_ptr<std::byte[]> bytes) noexcept {
    --on_loan_;
    if (free_.size() < keep_) free_.push_back(std::move(bytes));
    bytes.reset();
  }

  std::vector<std::unique_ptr<std::byte[]>> free_;
  std::size_t keep_;
  std::size_t bytes_; ///< of a block
  std::size_t on_loan_ = 0;
};

} // namespace limpet::net
