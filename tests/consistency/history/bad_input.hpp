#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace limpet::consistency {

/// What is wrong with the files themselves. A history with anything in here proves nothing.
class bad_input {
public:
  static constexpr std::size_t kept_max = 20;

  void add(std::string message) {
    if (count_++ < kept_max) messages_.push_back(std::move(message));
  }
  bool empty() const noexcept { return count_ == 0; }
  std::uint64_t count() const noexcept { return count_; }
  const std::vector<std::string>& first_messages() const noexcept { return messages_; }

private:
  std::uint64_t count_ = 0;
  std::vector<std::string> messages_;
};

} // namespace limpet::consistency
