#pragma once

#include "proxy/net/write_fence.hpp"
#include "routing/ownership/drain_ledger.hpp"

#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>

namespace limpet::net {

/// Stands before each write to a member on behalf of one request or tunnel of a session (`handoff: barrier`):
/// no byte goes out behind the fence, or for what is not counted any more, and each that does is noted.
class write_guard {
public:
  explicit write_guard(ownership::in_flight& counted) noexcept : counted_(counted) {}

  /// It has to last for as long as that is counted.
  void stand_at(const write_fence& fence) noexcept { fence_ = &fence; }

  bool allows(ownership::boot_time now) const noexcept {
    return counted_.is_counted() && fence_->is_open(now);
  }
  /// `allowed_at`: what allows() was asked with. The margin covers what lies between.
  void wrote(ownership::boot_time allowed_at) noexcept { counted_.writes(allowed_at); }

private:
  const write_fence* fence_ = nullptr;
  ownership::in_flight& counted_;
};

/// What a write comes to that its guard does not allow.
inline boost::system::error_code fenced() noexcept {
  return boost::system::errc::make_error_code(boost::system::errc::operation_not_permitted);
}

} // namespace limpet::net
