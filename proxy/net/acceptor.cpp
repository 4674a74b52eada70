#include "proxy/net/acceptor.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <limits>

namespace limpet::net {

acceptor::acceptor(io_context& io, deadline_wheel& wheel, unique_fd fd, accepted on_accepted,
                   trouble on_trouble)
    : io_(io), wheel_(wheel), descriptor_(io, fd.release()), on_accepted_(std::move(on_accepted)),
      on_trouble_(std::move(on_trouble)) {}

void acceptor::start() {
  wait();
}

void acceptor::wait() {
  descriptor_.async_wait(asio::posix::descriptor_base::wait_read, [this](error_code ec) {
    if (ec) return;
    if (accept_batch(batch)) wait();
  });
}

bool acceptor::accept_batch(int most) {
  for (int i = 0; i < most; ++i) {
    socket_address peer;
    const int fd =
        ::accept4(descriptor_.native_handle(), peer.data(), peer.size_ptr(), SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      on_accepted_(stream::socket(io_, asio::generic::stream_protocol(peer.family(), 0), fd), peer);
      continue;
    }
    const error_code error(errno, boost::system::system_category());
    if (is_would_block(error)) return true;
    // A client that gave up while it waited, and the like (accept(2)): no trouble of ours.
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
    const bool exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    on_trouble_(exhausted ? accept_event::out_of_descriptors : accept_event::failed, error);
    pause_.arm(wheel_, pause, &on_pause_over, this);
    return false;
  }
  return true;
}

void acceptor::on_pause_over(void* self) noexcept {
  auto& a = *static_cast<acceptor*>(self);
  if (a.accept_batch(batch)) a.wait();
}

void acceptor::drain_and_close() {
  if (!descriptor_.is_open()) return;
  accept_batch(std::numeric_limits<int>::max());
  close();
}

void acceptor::close() noexcept {
  pause_.unlink();
  error_code ignored;
  descriptor_.close(ignored);
}

} // namespace limpet::net
