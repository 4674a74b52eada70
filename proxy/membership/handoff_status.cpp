#include "proxy/membership/handoff_status.hpp"

namespace limpet::membership {

std::string_view to_string(handoff_status::step s) noexcept {
  using step = handoff_status::step;
  switch (s) {
  case step::committed:
    return "committed";
  case step::drains:
    return "drains";
  case step::waits_for_others:
    return "waits for others";
  case step::not_registered:
    return "not registered";
  case step::stopped:
    return "stopped";
  }
  return "unknown";
}

} // namespace limpet::membership
