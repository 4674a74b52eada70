#pragma once

#include "tests/consistency/history/findings.hpp"
#include "tests/consistency/history/history.hpp"
#include "tests/consistency/history/marks.hpp"
#include "tests/consistency/history/session_lists.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace limpet::consistency {

/// Lists with a value that cannot be there: nobody appended it, its append was certainly not executed or
/// began after the read had ended, or the list has it twice. A read counts once.
class phantoms {
public:
  void check(const session_lists& lists, findings& found);

private:
  static constexpr std::uint32_t none = session_lists::none;
  struct place {
    std::uint32_t at = none; ///< the first one
    std::uint32_t number = 0;
    std::string_view why = {};
  };

  place first_in(const session_lists& lists, std::span<const std::uint32_t> list);
  /// The value of the list's whose append began last; none: no value was appended.
  static std::uint32_t later(const session_lists& lists, std::uint32_t a, std::uint32_t b);

  marks present_;
  std::vector<std::uint32_t> last_begun_; ///< a prefix of the canonical order each
};

/// Operations that certainly were not executed, as their clients were told, and that a member executed.
void check_refusals(const history& h, findings& found);

} // namespace limpet::consistency
