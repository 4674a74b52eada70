#pragma once

#include "tests/consistency/history/bad_input.hpp"
#include "tests/consistency/history/findings.hpp"
#include "tests/consistency/history/history.hpp"
#include "tests/consistency/history/overlaps.hpp"

namespace limpet::consistency {

/// All checks. Errors: what of the history contradicts itself.
execution_summary check(const history& h, findings& found, bad_input& errors);

/// Whether the members told of all that they executed, as far as can be seen: with less than was acknowledged
/// a log is missing, and that nothing overlaps would mean nothing.
void check_completeness(const history& h, bad_input& errors);

} // namespace limpet::consistency
