#include "proxy/membership/etcd/error.hpp"

#include <algorithm>

namespace limpet::etcd {

std::string_view name(errc code) noexcept {
  switch (code) {
  case errc::unreachable:
    return "unreachable";
  case errc::timed_out:
    return "timed out";
  case errc::malformed:
    return "malformed answer";
  case errc::too_large:
    return "answer too large";
  case errc::called_off:
    return "called off";
  case errc::unavailable:
    return "unavailable";
  case errc::unauthenticated:
    return "unauthenticated";
  case errc::denied:
    return "denied";
  case errc::not_found:
    return "not found";
  case errc::compacted:
    return "compacted";
  case errc::rejected:
    return "rejected";
  }
  return "unknown";
}

bool is_endpoint_fault(errc code) noexcept {
  switch (code) {
  case errc::unreachable:
  case errc::timed_out:
  case errc::malformed:
  case errc::unavailable:
    return true;
  case errc::too_large:
  case errc::called_off:
  case errc::unauthenticated:
  case errc::denied:
  case errc::not_found:
  case errc::compacted:
  case errc::rejected:
    return false;
  }
  return false;
}

std::string printable(std::string_view text) {
  constexpr std::size_t bytes_max = 300;
  std::string out(text.substr(0, bytes_max));
  std::ranges::replace_if(
      out, [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

} // namespace limpet::etcd
