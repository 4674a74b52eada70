#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace limpet::http {

/// What the numbers in counters stand for. Kept by the control thread; grows and never changes, so that a
/// counter outlives reloads. Index 0 stands for none, e.g. a request that no route took.
struct label_names {
  struct route {
    std::string name;
    std::string pool;
  };
  struct member {
    std::string pool;
    std::string id; ///< a member that came again, with another incarnation or address, keeps its label
  };
  std::vector<route> routes{{}};
  std::vector<std::string> pools{{}};
  std::vector<member> members{{}};
};

} // namespace limpet::http
