#include "tests/consistency/history/check.hpp"

#include "tests/consistency/history/by_session.hpp"
#include "tests/consistency/history/guarantees.hpp"
#include "tests/consistency/history/losses.hpp"
#include "tests/consistency/history/phantoms.hpp"
#include "tests/consistency/history/session_lists.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace limpet::consistency {
execution_summary check(const history& h, findings& found, bad_input& errors) {
  const auto summary = check_executions(h, found);
  check_refusals(h, found);

  const by_session operations(h.operations, h.sessions.size());
  session_lists lists;
  guarantees guaranteed;
  phantoms appeared;
  losses gone;
  for (name_number session = 0; session < h.sessions.size(); ++session) {
    lists.arrange(h, operations.of(session), errors);
    guaranteed.check(lists, found);
    appeared.check(lists, found);
    gone.check(lists, found);
  }
  return summary;
}

void check_completeness(const history& h, bad_input& errors) {
  const auto acknowledged = std::ranges::count(h.operations, outcome::ok, &operation::outcome);
  if (h.executions.size() < static_cast<std::size_t>(acknowledged))
    errors.add(fmt::format("{} operations were acknowledged, and members tell of {} executions only",
                           acknowledged, h.executions.size()));
}

} // namespace limpet::consistency
