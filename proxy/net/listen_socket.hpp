#pragma once

#include <boost/system/result.hpp>

#include <string>
#include <vector>

namespace limpet::net {

/// A file descriptor that is closed with its owner.
class unique_fd {
public:
  unique_fd() = default;
  explicit unique_fd(int fd) noexcept : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
  unique_fd& operator=(unique_fd&& other) noexcept;
  ~unique_fd();
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept;

private:
  int fd_ = -1;
};

/// Heads and small frames must not wait for an acknowledgement (RFC 896). Fails harmlessly on unix sockets.
void set_no_delay(int fd) noexcept;

/// Has the kernel end a silent connection whose other host is gone without a word, two minutes after it was
/// last heard: a tunnel or an event stream may be silent for days, and would else stay for ever. While
/// something is being sent to it, the kernel's own limit counts instead (tcp(7), tcp_retries2: some 15
/// minutes). Fails harmlessly on unix sockets.
void set_keep_alive(int fd) noexcept;

/// The listening sockets of one listener. What they accept has no delay, and is kept alive, as they are.
struct listen_sockets {
  std::vector<unique_fd> fds; ///< one a worker: SO_REUSEPORT for TCP, duplicates of one for unix
  unique_fd lock;             ///< held while we listen, so that no other Limpet binds the same address unseen
  std::string address;        ///< as bound: with the port that the system chose where 0 was asked for
  std::string unlink_path;    ///< the unix socket's file, to be removed at the end; empty for TCP
};

/// Binds and listens on "host:port", "[v6]:port", ":port" or "unix:/path", `count` times. The host is an
/// address or localhost. An address that anybody listens on already is an error, though SO_REUSEPORT would
/// let us share it. Errors: as bind(2) and listen(2); invalid_argument for an address that is none. Throws
/// nothing.
boost::system::result<listen_sockets> open_listen_sockets(const std::string& address, std::size_t count);

} // namespace limpet::net
