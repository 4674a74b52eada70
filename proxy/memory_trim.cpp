#include "proxy/memory_trim.hpp"

#include <algorithm>
#include <chrono>
#include <malloc.h>

namespace limpet {

bool crowd::has_left(std::uint32_t most, std::uint32_t now) noexcept {
  most_ = std::max({most_, most, now});
  if (looks_left_ > 0) --looks_left_;
  const bool is_leaving = most >= now + least;
  if (looks_left_ > 0 || is_leaving || most_ - now < std::max(least, most_ / 2)) return false;
  most_ = now;
  looks_left_ = looks_between;
  return true;
}

memory_trim::memory_trim(boost::asio::io_context& io, net::connection_limiter& connections)
    : connections_(connections), timer_(io) {}

void memory_trim::start() {
  timer_.expires_after(std::chrono::seconds(1));
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    if (crowd_.has_left(connections_.take_most(), connections_.count())) ::malloc_trim(0);
    start();
  });
}

} // namespace limpet
