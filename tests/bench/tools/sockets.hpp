#pragma once

#include <cstdint>
#include <string>

// The few socket calls that the benchmark's programs share. All of it is on 127.0.0.1, and what fails ends
// the program with a line on stderr: a benchmark without its socket measures nothing.

namespace limpet::bench {

[[noreturn]] void fail(const std::string& what);

/// Of a command line; ends the program where `text` is no number from 1 to `max`.
std::uint64_t number_from(const char* text, std::uint64_t max);

/// A listening socket that does not block, on a port that the system chooses.
int listen_on_free_port();
std::uint16_t port_of(int socket);

/// The next connection that waits, not blocking and with TCP_NODELAY; -1 where there is none.
int accept_from(int listener);

/// Connects before it returns. On the loopback that needs nothing of the other process. Leaves the socket
/// blocking.
int connect_to(std::uint16_t port);
void set_non_blocking(int socket);

/// epoll_ctl(2) with a pointer as its data.
void watch(int epoll, int operation, int socket, std::uint32_t events, void* data);

/// Sends all of it on a blocking socket.
void send_all(int socket, const std::string& bytes);
/// Reads from a blocking socket until `end` has come, and `bytes_more` after it. Returns all that was read.
std::string receive_until(int socket, const std::string& end, std::size_t bytes_more);

} // namespace limpet::bench
