#pragma once

#include "tests/consistency/history/findings.hpp"
#include "tests/consistency/history/history.hpp"

#include <cstdint>

namespace limpet::consistency {

struct execution_summary {
  std::uint64_t owner_changes = 0; ///< executions that follow one of the same session at another owner
  bool are_epochs_checked = false; ///< false: no execution carries one
};

/// Looks at what members did: executions of one session at two owners at once (overlap), and moves without a
/// higher epoch (epoch). Sorts each session's executions, and is linear beside that.
execution_summary check_executions(const history& h, findings& found);

} // namespace limpet::consistency
