#include "proxy/net/write_fence.hpp"

#include <ctime>

namespace limpet::net {

ownership::boot_time boot_now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return ownership::boot_time(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

} // namespace limpet::net
