#pragma once

#include "config/config.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>

#include <string>

namespace limpet::agent {

/// Why a check failed, for the log.
struct check_failure {
  std::string reason;
};

/// Checks a backend once: connects and, where there is a path, expects a status from 200 to 399 to a GET of
/// it. Ends within `settings.timeout`. `address` is "host:port", "[v6]:port" or "unix:/path".
boost::asio::awaitable<boost::system::result<void, check_failure>>
check_health(std::string address, config::agent_check_settings settings);

/// The status of a response that begins with `text` (RFC 9112 section 4); 0 where it is none.
unsigned parse_status(std::string_view text) noexcept;

} // namespace limpet::agent
