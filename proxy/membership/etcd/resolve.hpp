#pragma once

#include "proxy/membership/etcd/error.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::etcd {

/// True for the text of an IPv4 or IPv6 address, which needs no look-up.
bool is_address(std::string_view host);

/// The addresses of a host, numeric or by name. A look-up cannot be called off: past the deadline it goes on
/// in Asio's resolver thread, and nobody waits for it.
boost::asio::awaitable<result<std::vector<boost::asio::ip::tcp::endpoint>>>
resolve(std::string host, std::string port, std::chrono::steady_clock::time_point deadline);

} // namespace limpet::etcd
