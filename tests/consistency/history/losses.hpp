#pragma once

#include "tests/consistency/history/findings.hpp"
#include "tests/consistency/history/marks.hpp"
#include "tests/consistency/history/session_lists.hpp"

#include <cstdint>
#include <vector>

namespace limpet::consistency {

/// What no single client need notice: acknowledged appends that are gone (lost, by the append), and lists
/// that went two ways (fork, by the list).
class losses {
public:
  void check(const session_lists& lists, findings& found);

private:
  void find_lost(const session_lists& lists, findings& found);

  marks present_;
  std::vector<const session_lists::append*> acknowledged_; ///< the last one first
  std::vector<const session_lists::read*> reads_;          ///< the last one first
};

} // namespace limpet::consistency
