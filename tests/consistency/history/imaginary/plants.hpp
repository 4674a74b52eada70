#pragma once

#include "tests/consistency/history/findings.hpp"
#include "tests/consistency/history/imaginary/session.hpp"
#include "tests/consistency/history/imaginary/timeline.hpp"

#include <cstdint>

namespace limpet::consistency::imaginary {

/// Makes one violation of that kind out of a correct session, and none that does not follow from it: a value
/// that is taken out of a list's middle (monotonic_writes, writes_follow_reads) makes a fork, too. False
/// where the session has no place for it; it is as before then. `strange`: a value that nobody appends.
bool plant(violation what, session& s, const timeline& t, std::uint64_t strange);

} // namespace limpet::consistency::imaginary
