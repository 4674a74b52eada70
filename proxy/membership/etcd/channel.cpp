#include "proxy/membership/etcd/channel.hpp"

#include "proxy/membership/etcd/resolve.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>

#include <sys/socket.h>

namespace limpet::etcd {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

/// A TCP socket that a timer closes.
class connection : public std::enable_shared_from_this<connection> {
public:
  explicit connection(const asio::any_io_executor& executor) : socket_(executor), timer_(executor) {}

  tcp::socket& socket() noexcept { return socket_; }

  void expires_at(channel::clock::time_point deadline) {
    deadline_ = deadline;
    timer_.expires_at(deadline);
    // A wait that has just ended may be queued with success when this goes (so it is weak), and when the
    // timer is set anew (so it looks at the deadline).
    timer_.async_wait([weak = weak_from_this()](error_code aborted) {
      const auto self = weak.lock();
      if (aborted || !self || channel::clock::now() < self->deadline_) return;
      self->expired_ = true;
      error_code ignored;
      self->socket_.close(ignored);
    });
  }

  void never_expires() {
    deadline_ = channel::clock::time_point::max();
    timer_.cancel();
  }

  bool has_expired() const noexcept { return expired_; }

  error failure(error_code code) const {
    if (expired_) return {errc::timed_out, "no answer in time"};
    if (code == asio::error::operation_aborted) return {errc::called_off, code.message()};
    return {errc::unreachable, code.message()};
  }

  bool is_quiet() {
    char byte = 0;
    const auto received = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

private:
  tcp::socket socket_;
  asio::steady_timer timer_;
  channel::clock::time_point deadline_;
  bool expired_ = false;
};

template <class Stream>
class stream_channel : public channel {
public:
  /// `make(socket)` gives the stream that runs over the connection's socket.
  template <class Make>
  stream_channel(std::shared_ptr<connection> over, const Make& make)
      : connection_(std::move(over)), stream_(make(connection_->socket())) {}

  Stream& stream() noexcept { return stream_; }

  void expires_at(clock::time_point deadline) override { connection_->expires_at(deadline); }
  void never_expires() override { connection_->never_expires(); }
  bool is_quiet() override { return connection_->is_quiet(); }

  asio::awaitable<result<void>> send(std::string_view bytes) override {
    const auto [failed, count] = co_await asio::async_write(stream_, asio::buffer(bytes), use_tuple);
    if (failed) co_return connection_->failure(failed);
    co_return result<void>();
  }

  asio::awaitable<result<std::size_t>> receive(std::span<char> buffer) override {
    const auto [failed, count] =
        co_await stream_.async_read_some(asio::buffer(buffer.data(), buffer.size()), use_tuple);
    // HTTP's own framing tells a whole answer from a cut one, so a missing TLS close is an end like any
    // other.
    if (failed == asio::error::eof || failed == asio::ssl::error::stream_truncated) co_return std::size_t(0);
    if (failed) co_return connection_->failure(failed);
    co_return count;
  }

private:
  std::shared_ptr<connection> connection_;
  Stream stream_;
};

using plain_channel = stream_channel<tcp::socket&>;
using tls_channel = stream_channel<asio::ssl::stream<tcp::socket&>>;

error about(const endpoint& target, error reason) {
  reason.message = target.text + ": " + reason.message;
  return reason;
}

asio::awaitable<result<std::unique_ptr<channel>>> shake_hands(endpoint target, asio::ssl::context* tls,
                                                              std::shared_ptr<connection> over) {
  connection& base = *over;
  auto secured = std::make_unique<tls_channel>(
      std::move(over), [tls](tcp::socket& socket) { return asio::ssl::stream<tcp::socket&>(socket, *tls); });
  auto& stream = secured->stream();
  if (!is_address(target.host)) SSL_set_tlsext_host_name(stream.native_handle(), target.host.c_str());
  stream.set_verify_callback(asio::ssl::host_name_verification(target.host));
  const auto [failed] = co_await stream.async_handshake(asio::ssl::stream_base::client, use_tuple);
  if (failed) co_return about(target, base.failure(failed));
  co_return std::unique_ptr<channel>(std::move(secured));
}

} // namespace

asio::awaitable<result<std::unique_ptr<channel>>> connect(endpoint target, asio::ssl::context* tls,
                                                          channel::clock::time_point deadline) {
  const auto addresses = co_await resolve(target.host, target.port, deadline);
  if (!addresses) co_return about(target, addresses.error());
  auto over = std::make_shared<connection>(co_await asio::this_coro::executor);
  over->expires_at(deadline);
  error_code failed = asio::error::host_not_found;
  for (const tcp::endpoint& address : *addresses) {
    error_code ignored;
    over->socket().close(ignored);
    std::tie(failed) = co_await over->socket().async_connect(address, use_tuple);
    if (!failed || over->has_expired()) break;
  }
  if (failed) co_return about(target, over->failure(failed));
  over->socket().set_option(tcp::no_delay(true), failed);
  if (target.tls) co_return co_await shake_hands(target, tls, std::move(over));
  co_return std::make_unique<plain_channel>(std::move(over),
                                            [](tcp::socket& socket) -> tcp::socket& { return socket; });
}

} // namespace limpet::etcd
