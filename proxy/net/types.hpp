#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>

namespace limpet::net {

namespace asio = boost::asio;

using asio::io_context;
using boost::system::error_code;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// A concrete executor: any_io_executor would cost an indirect call and a reference count per operation.
using executor = io_context::executor_type;

template <class T = void>
using awaitable = asio::awaitable<T, executor>;

} // namespace limpet::net
