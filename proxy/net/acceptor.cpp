#include "proxy/net/acceptor.hpp"

#include "proxy/net/event_loop.hpp"
#include "proxy/net/stream.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <limits>

namespace limpet::net {

acceptor::acceptor(event_loop& loop, unique_fd fd, accepted on_accepted, trouble on_trouble)
    : source_(loop, std::move(fd)), on_accepted_(std::move(on_accepted)), on_trouble_(std::move(on_trouble)) {
}

void acceptor::start() {
  wait();
}

void acceptor::wait() {
  source_.when_readable({&on_readable, this}, turn::fresh);
}

void acceptor::on_readable(void* self) {
  static_cast<acceptor*>(self)->accept_and_wait();
}

/// After a whole batch there may be more: it is its turn again after the others'. What one connection throws
/// must not keep out those after it.
void acceptor::accept_and_wait() {
  try {
    if (!accept_batch(batch)) return;
    if (source_.is_unwatchable()) return pause(); // the system has no memory for it just now
    wait();
  } catch (...) {
    wait();
    throw;
  }
}

bool acceptor::accept_batch(int most) {
  for (int i = 0; i < most; ++i) {
    socket_address peer;
    const int fd = ::accept4(source_.fd(), peer.data(), peer.size_ptr(), SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      on_accepted_(unique_fd(fd), peer);
      continue;
    }
    const error_code error(errno, boost::system::system_category());
    if (is_would_block(error)) {
      source_.drained();
      return true;
    }
    // A client that gave up while it waited, and the like (accept(2)): no trouble of ours.
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
    const bool exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    on_trouble_(exhausted ? accept_event::out_of_descriptors : accept_event::failed, error);
    pause();
    return false;
  }
  return true;
}

void acceptor::pause() noexcept {
  pause_.arm(source_.loop().wheel(), pause_time, &on_pause_over, this);
}

void acceptor::on_pause_over(void* self) noexcept {
  static_cast<acceptor*>(self)->wait();
}

void acceptor::drain_and_close() {
  if (source_.fd() < 0) return;
  accept_batch(std::numeric_limits<int>::max());
  close();
}

void acceptor::close() noexcept {
  pause_.unlink();
  source_.close();
}

} // namespace limpet::net
