#pragma once

#include "tests/consistency/history/mapped_file.hpp"
#include "tests/consistency/history/name_table.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace limpet::consistency {

/// Nanoseconds of the one machine's CLOCK_MONOTONIC.
using time_ns = std::uint64_t;
inline constexpr time_ns for_ever = std::numeric_limits<time_ns>::max();

enum class outcome : std::uint8_t {
  ok,      ///< acknowledged
  no,      ///< certainly not executed
  unknown, ///< executed or not, or not yet
};

enum class action : std::uint8_t { append, read };

/// What a client saw of one operation.
struct operation {
  std::string_view name;
  time_ns begin = 0;
  time_ns end = 0; ///< of waiting for it, not of its execution
  /// append: what is appended, unique in its session. read: where its list begins in history::values.
  std::uint64_t value = 0;
  std::uint32_t list_size = 0; ///< read
  name_number client = 0;
  name_number session = 0;
  consistency::outcome outcome = outcome::ok;
  consistency::action action = action::append;
};

/// What a member did for one operation.
struct execution {
  std::string_view operation;
  time_ns begin = 0;
  time_ns end = for_ever; ///< its owner's death where it did not end by itself
  std::uint64_t epoch = 0;
  name_number session = 0;
  name_number owner = 0;
};

struct freeze {
  name_number owner = 0;
  time_ns from = 0;
  time_ns to = 0;
};

/// A run, as its clients, its members and its runner wrote it down. Texts are views into the files, so a
/// history of ten million operations takes some 1.5 GiB beside them.
struct history {
  std::vector<operation> operations;
  std::vector<execution> executions; ///< those of one member by begin
  std::vector<std::uint64_t> values; ///< all lists that were read, one after the other
  std::vector<freeze> freezes;
  std::uint64_t unfinished = 0; ///< executions without an end of their own
  name_table sessions;
  name_table clients;
  name_table owners;
  std::vector<mapped_file> files;

  std::span<const std::uint64_t> list_of(const operation& read) const noexcept {
    return {values.data() + read.value, read.list_size};
  }
};

} // namespace limpet::consistency
