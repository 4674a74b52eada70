#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace limpet::ops {

/// Keeps web pages away from the admin server, and whoever has not the token: a browser on the operator's
/// machine is let in by its address, and whatever page it shows can make it ask.
class admin_guard {
public:
  /// `bound` is the listener's address: "127.0.0.1:9901", "[::1]:9901", "10.0.0.5:9901" or "unix:/path".
  explicit admin_guard(std::string_view bound);

  /// Whether a request may name this host (the Host field, with or without a port; empty: it named none).
  /// Where the listener is not on loopback every host may be named: the operator has given it out, and under
  /// which names is not known here.
  bool allows_host(std::string_view host) const;

  /// Whether a request that changes something may come from this origin (RFC 6454 section 7; empty: it named
  /// none, as programs that are no browsers do): only from the host that the request itself names.
  static bool allows_origin(std::string_view origin, std::string_view host);

  /// What requests must show from now on; empty: nothing.
  void set_token(std::string token) { token_ = std::move(token); }
  /// Whether a request for this path with this Authorization field (empty: it has none) shows the token as
  /// RFC 6750 section 2.1 says. Health may be asked for without: what checks it seldom has a secret, and it
  /// tells no more than a status.
  bool allows_bearer(std::string_view path, std::string_view authorization) const;

private:
  std::string token_;
  std::string host_; ///< of the bound address; empty where any may be named
};

} // namespace limpet::ops
