#pragma once

#include "tests/consistency/load/list_keeper.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace limpet::load {

/// Answers HTTP requests, and the messages of a WebSocket, until the other side ends. Ends quietly then.
boost::asio::awaitable<void> serve_connection(boost::asio::ip::tcp::socket socket, list_keeper& keeper);

} // namespace limpet::load
