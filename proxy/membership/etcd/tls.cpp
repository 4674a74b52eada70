#include "proxy/membership/etcd/tls.hpp"

#include <openssl/ssl.h>

#include <stdexcept>

namespace limpet::etcd {
namespace {

using boost::asio::ssl::context;
using boost::system::error_code;

void require(error_code failed, const char* what, const std::string& file) {
  if (failed) throw std::runtime_error(std::string("etcd: ") + what + " '" + file + "': " + failed.message());
}

void show_certificate(context& tls, const client_options& options) {
  if (options.tls_key.empty()) throw std::runtime_error("etcd: a client certificate needs its key");
  error_code failed;
  tls.use_certificate_chain_file(options.tls_certificate, failed);
  require(failed, "certificate", options.tls_certificate);
  tls.use_private_key_file(options.tls_key, context::pem, failed);
  require(failed, "key", options.tls_key);
}

} // namespace

context make_tls_context(const client_options& options) {
  context tls(context::tls_client);
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  tls.set_verify_mode(boost::asio::ssl::verify_peer);
  error_code failed;
  if (options.tls_ca.empty()) {
    tls.set_default_verify_paths(failed);
  } else {
    tls.load_verify_file(options.tls_ca, failed);
  }
  require(failed, "certificates to trust", options.tls_ca);
  if (!options.tls_certificate.empty()) show_certificate(tls, options);
  return tls;
}

} // namespace limpet::etcd
