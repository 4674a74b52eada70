#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace limpet::etcd {

/// What went wrong, as far as a caller can act on it.
enum class errc : std::uint8_t {
  unreachable,     ///< no connection, or it broke before the answer was whole
  timed_out,       ///< no answer in time
  malformed,       ///< an answer that is not etcd's
  too_large,       ///< an answer past its limit
  called_off,      ///< the caller gave up
  unavailable,     ///< the server cannot answer now: no leader, overloaded, shutting down
  unauthenticated, ///< the token is missing, expired or from before a change of the users
  denied,          ///< wrong password, no permission, or a certificate that the gateway refuses
  not_found,       ///< no such lease
  compacted,       ///< the revision asked for is gone
  rejected,        ///< any other refusal by the server
};

std::string_view name(errc code) noexcept;

/// An error with a message for the operator, printable ASCII whatever the server sent.
struct error {
  errc code = errc::rejected;
  std::string message;
};

/// True where the fault may lie with one endpoint, so that another may answer.
bool is_endpoint_fault(errc code) noexcept;

/// `text` fit for a log line: at most 300 bytes, anything but printable ASCII as '?'.
std::string printable(std::string_view text);

template <class T>
using result = boost::system::result<T, error>;

} // namespace limpet::etcd
