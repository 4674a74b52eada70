#include "tests/consistency/load/session_names.hpp"

#include <utility>

namespace limpet::load {

session_names::session_names(std::size_t count, std::string prefix, unsigned operations_max)
    : prefix_(std::move(prefix)), operations_max_(operations_max), slots_(count) {}

std::string session_names::next(std::size_t client) {
  const auto number = client % slots_.size();
  auto& s = slots_[number];
  if (s.operations++ == operations_max_) {
    s.operations = 1;
    ++s.generation;
  }
  return prefix_ + std::to_string(number) + '-' + std::to_string(s.generation);
}

} // namespace limpet::load
