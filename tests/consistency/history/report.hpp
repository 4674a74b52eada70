#pragma once

#include "tests/consistency/history/findings.hpp"
#include "tests/consistency/history/history.hpp"
#include "tests/consistency/history/overlaps.hpp"

#include <string>

namespace limpet::consistency {

/// For people: what there was, how many violations of each kind, and the first few of them in words.
std::string report(const history& h, const execution_summary& executions, const findings& found);

/// For programs: one JSON object of numbers, without a newline. README.md names its fields.
std::string report_json(const history& h, const execution_summary& executions, const findings& found);

/// One violation in words.
std::string in_words(const history& h, const finding& f);

} // namespace limpet::consistency
