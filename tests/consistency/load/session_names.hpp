#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace limpet::load {

/// The sessions that are in use. Each is retired for a new one after a while, so that lists stay short.
class session_names {
public:
  /// Names begin with `prefix`. A session ends after `operations_max` of whoever uses it.
  session_names(std::size_t count, std::string prefix, unsigned operations_max);

  /// The session of client `client`, for one operation more. With more clients than sessions some share one.
  std::string next(std::size_t client);

private:
  struct slot {
    std::uint64_t generation = 0;
    unsigned operations = 0;
  };

  std::string prefix_;
  unsigned operations_max_;
  std::vector<slot> slots_;
};

} // namespace limpet::load
