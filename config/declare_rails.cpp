#include "config/declaration.hpp"
#include "config/section.hpp"
#include "config/units.hpp"

#include <utility>

namespace limpet::config {

namespace {

type_ptr<damping_settings> damping_section() {
  using s = damping_settings;
  return section<s>({
      key("flaps", &s::flaps, number(0, 100),
          "How often a member may come back, or with another incarnation, within `window`; after one more it "
          "is left out. 0: no damping."),
      key("window", &s::window, duration(1ms, 24h), "The time in which flaps are counted."),
      key("steady", &s::steady, duration(1ms, 24h),
          "How long a member that is left out must have been there to be let in again."),
  });
}

} // namespace

type_ptr<rail_settings> rails_section() {
  using s = rail_settings;
  return section<s>({
      key("max_removal_percent", &s::max_removal_percent, number(0, 100),
          "How many of the members may leave within `window` without having drained; more than that are held "
          "back. Also the most that damping leaves out. 100: no removal is held back, or waits for "
          "`settle`."),
      key("window", &s::window, duration(1ms, 24h), "The time in which removals count together."),
      key("settle", &s::settle, duration_or_zero(1ms, 1h),
          "How long a member that left without having drained stays in the view, so that others that leave "
          "with it are seen first."),
      key("hold", &s::hold, duration(1ms, days(400)),
          "How long removals are held back, unless the members come back or an operator applies them."),
      key("damping", &s::damping, damping_section(), "Members that come and go."),
  });
}

} // namespace limpet::config
