#include "proxy/net/member_target.hpp"

namespace limpet::net {

std::string_view to_string(left_out why) noexcept {
  switch (why) {
  case left_out::no:
    return "no";
  case left_out::unreachable:
    return "unreachable";
  case left_out::unhealthy:
    return "unhealthy";
  case left_out::ejected:
    return "ejected";
  }
  return "unknown";
}

} // namespace limpet::net
