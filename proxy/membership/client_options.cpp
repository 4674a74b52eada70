#include "proxy/membership/client_options.hpp"

namespace limpet::membership {

etcd::client_options client_options_from(const config::etcd_settings& settings) {
  etcd::client_options options;
  options.endpoints = settings.endpoints;
  options.username = settings.username;
  options.password = settings.password;
  options.tls_ca = settings.tls.ca;
  options.tls_certificate = settings.tls.certificate;
  options.tls_key = settings.tls.key;
  options.timeout = settings.timeout;
  return options;
}

} // namespace limpet::membership
