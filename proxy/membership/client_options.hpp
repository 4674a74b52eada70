#pragma once

#include "config/config.hpp"
#include "proxy/membership/etcd/client.hpp"

namespace limpet::membership {

/// The `etcd` section of the configuration as the client takes it.
etcd::client_options client_options_from(const config::etcd_settings& settings);

} // namespace limpet::membership
