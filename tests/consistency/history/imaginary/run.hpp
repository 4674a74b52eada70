#pragma once

#include "tests/consistency/history/findings.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace limpet::consistency::imaginary {

struct options {
  std::uint64_t operations = 10'000;
  std::uint64_t sessions = 200;
  std::uint32_t clients = 200; ///< at work at once, one to four in a session
  std::uint32_t members = 5;
  std::uint64_t seed = 1;
  std::size_t moves = 20;         ///< changes of membership, over the whole run
  std::vector<violation> planted; ///< each in a session of its own, the first ones that have a place for it
};

/// Writes the history of a run that never was into `folder`, which must be there: correct but for what is
/// planted. The same options give the same bytes. Returns what could not be planted; throws
/// std::runtime_error where a file cannot be written.
std::vector<violation> write_run(const options& o, const std::string& folder);

} // namespace limpet::consistency::imaginary
