#pragma once

#include "tests/consistency/history/bad_input.hpp"
#include "tests/consistency/history/findings.hpp"
#include "tests/consistency/history/history.hpp"
#include "tests/consistency/history/overlaps.hpp"

namespace limpet::consistency {

/// All checks. Errors: what contradicts itself, or shows that not all was written down.
execution_summary check(const history& h, findings& found, bad_input& errors);

} // namespace limpet::consistency
