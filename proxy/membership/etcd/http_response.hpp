#pragma once

#include "proxy/membership/etcd/error.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace limpet::etcd {

/// Reads one HTTP/1.1 response (RFC 9112) from bytes as they come. No I/O.
class http_response {
public:
  /// `body_bytes_max` limits the part of the body that has not been taken. The head may have 16 KiB.
  explicit http_response(std::size_t body_bytes_max);
  ~http_response();
  http_response(const http_response&) = delete;
  http_response& operator=(const http_response&) = delete;

  /// Takes bytes from the connection. errc::malformed or errc::too_large, after which the connection is of no
  /// use.
  result<void> append(std::string_view bytes);
  /// The connection has ended: that ends a body without a length, and anything else unfinished is
  /// errc::unreachable.
  result<void> append_end();

  bool has_head() const noexcept;
  bool is_done() const noexcept;
  /// Done, and another request may follow on the connection.
  bool is_reusable() const noexcept;
  unsigned status() const noexcept; ///< with has_head()
  /// The body's bytes that have come since the last call.
  std::string take_body();

private:
  class parser;
  std::unique_ptr<parser> parser_;
  std::string unparsed_;
};

} // namespace limpet::etcd
