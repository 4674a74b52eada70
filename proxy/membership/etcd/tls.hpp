#pragma once

#include "proxy/membership/etcd/client.hpp"

#include <boost/asio/ssl/context.hpp>

namespace limpet::etcd {

/// A TLS 1.2+ client context that verifies the server against `tls_ca` or the system's certificates and shows
/// the client's own certificate where there is one. Throws std::runtime_error, naming the file, where a file
/// cannot be used.
boost::asio::ssl::context make_tls_context(const client_options& options);

} // namespace limpet::etcd
