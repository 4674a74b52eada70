#include "proxy/net/task.hpp"

#include <array>
#include <new>
#include <utility>

namespace limpet::net::detail {

namespace {

constexpr std::size_t class_bytes = 64;
constexpr std::size_t classes = 32; ///< frames of up to 2 KiB are kept
constexpr unsigned kept_max = 1024; ///< of each class

struct free_block {
  free_block* next;
};

/// The blocks that one thread has freed.
class free_blocks {
public:
  ~free_blocks() {
    for (auto& free : stacks_)
      while (free.first)
        ::operator delete(std::exchange(free.first, free.first->next));
  }

  void* take(std::size_t size_class) noexcept {
    auto& free = stacks_[size_class];
    if (!free.first) return nullptr;
    --free.count;
    return std::exchange(free.first, free.first->next);
  }
  bool keep(std::size_t size_class, void* block) noexcept {
    auto& free = stacks_[size_class];
    if (free.count == kept_max) return false;
    ++free.count;
    free.first = new (block) free_block{free.first};
    return true;
  }

private:
  struct stack {
    free_block* first = nullptr;
    unsigned count = 0;
  };
  std::array<stack, classes> stacks_;
};

#ifdef __SANITIZE_ADDRESS__
constexpr bool keeps_blocks = false;
#else
constexpr bool keeps_blocks = true;
#endif

thread_local free_blocks blocks;

constexpr std::size_t class_of(std::size_t bytes) noexcept {
  return (bytes - 1) / class_bytes;
}

} // namespace

void* allocate_frame(std::size_t bytes) {
  const auto size_class = class_of(bytes);
  if (!keeps_blocks || size_class >= classes) return ::operator new(bytes);
  if (auto* block = blocks.take(size_class)) return block;
  return ::operator new((size_class + 1) * class_bytes);
}

void free_frame(void* frame, std::size_t bytes) noexcept {
  const auto size_class = class_of(bytes);
  if (keeps_blocks && size_class < classes && blocks.keep(size_class, frame)) return;
  ::operator delete(frame);
}

} // namespace limpet::net::detail
