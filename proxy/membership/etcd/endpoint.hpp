#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace limpet::etcd {

/// Where an etcd server listens for clients.
struct endpoint {
  bool tls = false;
  std::string host; ///< a name, or an address without brackets
  std::string port;
  std::string text; ///< as it was written, for messages and the Host field: scheme://authority

  /// "http://host:port" or "https://host:port"; the port may be left out (2379), and so may the scheme
  /// (http). Nothing where malformed, or where there is a path, a query or a user.
  static std::optional<endpoint> parse(std::string_view text);
  /// "host:port" as the Host header field wants it (RFC 9110 section 7.2).
  std::string authority() const;
};

} // namespace limpet::etcd
