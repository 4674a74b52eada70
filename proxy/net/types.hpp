#pragma once

#include <boost/system/error_code.hpp>

#include <chrono>

namespace boost::asio {}

namespace limpet::net {

namespace asio = boost::asio;

using boost::system::error_code;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

} // namespace limpet::net
