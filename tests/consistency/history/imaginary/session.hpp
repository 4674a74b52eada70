#pragma once

#include "tests/consistency/history/history.hpp"
#include "tests/consistency/history/imaginary/random_numbers.hpp"
#include "tests/consistency/history/imaginary/timeline.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace limpet::consistency::imaginary {

struct planned_operation {
  std::uint32_t client = 0; ///< counted within the session
  time_ns begin = 0;
  time_ns end = 0;
  consistency::outcome outcome = outcome::ok;
  consistency::action action = action::append;
  std::uint64_t value = 0;         ///< append
  std::vector<std::uint64_t> list; ///< of a read that is ok
};

struct planned_execution {
  std::size_t operation = 0; ///< into session::operations
  imaginary::owner owner;
  std::uint64_t epoch = 0;
  time_ns begin = 0;
  time_ns end = for_ever; ///< for_ever: killed before it ended
};

/// One session's life, as it would be with one owner at a time.
struct session {
  std::vector<planned_operation> operations; ///< in the order in which they were issued
  std::vector<planned_execution> executions; ///< in their order
  std::vector<std::uint64_t> list;           ///< in the end
};

/// What an operation adds to a session's life, at the most, where it has not to wait for a move.
inline constexpr time_ns step_max = 1'000'000;

/// Lives from `begin` on: `clients` of them by turns, now and then an operation that is refused, is lost, is
/// executed without its client being told or long after it gave up, or dies with its owner. `next_value` is
/// counted up for what is appended.
session live(const timeline& t, std::uint64_t number, std::uint32_t clients, std::size_t operations,
             time_ns begin, std::uint64_t& next_value, random_numbers& random);

} // namespace limpet::consistency::imaginary
