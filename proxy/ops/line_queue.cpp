#include "proxy/ops/line_queue.hpp"

#include <boost/system/system_error.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace limpet::ops {

namespace {

net::unique_fd open_eventfd() {
  net::unique_fd fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd) throw boost::system::system_error(errno, boost::system::system_category(), "eventfd");
  return fd;
}

} // namespace

line_queue::line_queue(std::size_t bytes_max)
    : bytes_max_(bytes_max),
      wake_(open_eventfd()), pending_{std::make_unique_for_overwrite<char[]>(bytes_max)},
      taken_{std::make_unique_for_overwrite<char[]>(bytes_max)} {}

line_queue::answer line_queue::submit(std::string_view lines, patience how_long) {
  std::unique_lock lock(mutex_, std::defer_lock);
  if (how_long == patience::wait_for_the_lock)
    lock.lock();
  else if (!lock.try_lock())
    return answer::busy;
  if (closed_ || pending_.size + taken_.size + lines.size() > bytes_max_) return answer::full;
  const bool writer_may_sleep = pending_.size == 0;
  std::memcpy(pending_.bytes.get() + pending_.size, lines.data(), lines.size());
  pending_.size += lines.size();
  lock.unlock();
  if (writer_may_sleep) wake();
  return answer::taken;
}

void line_queue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void line_queue::wake() noexcept {
  const std::uint64_t one = 1;
  // It fails only where the count is at its end, and then the writer is awake.
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

std::string_view line_queue::take() {
  const std::lock_guard lock(mutex_);
  std::swap(pending_, taken_);
  return {taken_.bytes.get(), taken_.size};
}

void line_queue::release() {
  const std::lock_guard lock(mutex_);
  taken_.size = 0;
}

void line_queue::clear_wake() noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto size = ::read(wake_.get(), &count, sizeof count);
}

} // namespace limpet::ops
