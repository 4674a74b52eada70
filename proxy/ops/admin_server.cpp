#include "proxy/ops/admin_server.hpp"

#include "proxy/ops/admin_guard.hpp"
#include "proxy/ops/admin_pages.hpp"
#include "proxy/ops/admin_session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <list>
#include <utility>

namespace limpet::ops {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using protocol = admin_session::protocol;

constexpr std::chrono::milliseconds accept_pause{100};

/// Of a socket that is bound: generic, since it may be TCP or unix.
protocol protocol_of(int fd) noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return {address.ss_family, 0};
}

void log_escaped(std::exception_ptr escaped) noexcept {
  try {
    if (escaped) std::rethrow_exception(escaped);
  } catch (const std::exception& e) {
    spdlog::error("admin server: {}", e.what());
  }
}

} // namespace

class admin_server::core : public std::enable_shared_from_this<core> {
public:
  core(asio::io_context& io, net::listen_sockets listening, backend& server, admin_limits limits)
      : acceptor_(io), pause_(io), listening_(std::move(listening)), guard_(listening_.address),
        pages_(server), limits_(limits) {
    const int fd = listening_.fds.at(0).release();
    acceptor_.assign(protocol_of(fd), fd);
  }

  void start() {
    asio::co_spawn(
        acceptor_.get_executor(), accept_all(),
        [self = shared_from_this()](std::exception_ptr escaped) { log_escaped(std::move(escaped)); });
  }

  void stop() noexcept {
    if (!acceptor_.is_open()) return;
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    if (!listening_.unlink_path.empty()) ::unlink(listening_.unlink_path.c_str());
    pages_.close();
    for (const auto& session : sessions_)
      session->close();
  }

  const std::string& address() const noexcept { return listening_.address; }
  void set_token(std::string token) { guard_.set_token(std::move(token)); }

private:
  asio::awaitable<void> accept_all();
  bool close_one_that_waits();
  void serve(protocol::socket socket);

  asio::basic_socket_acceptor<protocol> acceptor_;
  asio::steady_timer pause_;
  net::listen_sockets listening_; ///< for the lock, and for the file of a unix socket
  admin_guard guard_;
  admin_pages pages_;
  const admin_limits limits_;
  std::list<std::shared_ptr<admin_session>> sessions_; ///< in the order that they came
};

asio::awaitable<void> admin_server::core::accept_all() {
  while (acceptor_.is_open()) {
    auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
    if (!error) {
      if (sessions_.size() < limits_.connections || close_one_that_waits()) serve(std::move(socket));
      continue;
    }
    if (!acceptor_.is_open()) co_return;
    // Out of descriptors, most likely. What waits stays in the kernel's queue.
    pause_.expires_after(accept_pause);
    co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

/// Who connects and says nothing must not keep out who has a question. False where all are being answered.
bool admin_server::core::close_one_that_waits() {
  const auto waiting = std::find_if(sessions_.begin(), sessions_.end(),
                                    [](const auto& session) { return session->is_waiting(); });
  if (waiting == sessions_.end()) return false;
  (*waiting)->close();
  sessions_.erase(waiting); // it ends by itself, once its reading has
  return true;
}

void admin_server::core::serve(protocol::socket socket) {
  const auto session = std::make_shared<admin_session>(std::move(socket), limits_, guard_, pages_);
  sessions_.push_back(session);
  asio::co_spawn(acceptor_.get_executor(), session->run(),
                 [self = shared_from_this(), session](std::exception_ptr escaped) {
                   self->sessions_.remove(session);
                   session->close();
                   log_escaped(std::move(escaped));
                 });
}

admin_server::admin_server(asio::io_context& io, net::listen_sockets listening, backend& server,
                           admin_limits limits)
    : core_(std::make_shared<core>(io, std::move(listening), server, limits)) {}

admin_server::~admin_server() {
  stop();
}

void admin_server::set_token(std::string token) {
  core_->set_token(std::move(token));
}

void admin_server::start() {
  core_->start();
}

void admin_server::stop() noexcept {
  core_->stop();
}

const std::string& admin_server::address() const noexcept {
  return core_->address();
}

} // namespace limpet::ops
