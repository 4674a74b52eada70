#pragma once

#include "config/config.hpp"
#include "proxy/membership/ownership_source.hpp"
#include "proxy/membership/railed_source.hpp"

#include <memory>

namespace boost::asio {
class io_context;
}

namespace limpet::membership {

/// The source that a pool's settings name; a pool without one gets an empty static source. `io` is run by one
/// thread, on which the source lives. Throws std::runtime_error or std::invalid_argument where the etcd
/// settings cannot be used: a malformed endpoint, a TLS file that cannot be read.
std::unique_ptr<source> make_source(boost::asio::io_context& io, const config::pool& pool,
                                    const config::etcd_settings& etcd);

/// The same behind the pool's rails; nullptr where it has none, as with static members. Throws as make_source
/// does.
std::unique_ptr<railed_source> make_railed_source(boost::asio::io_context& io, const config::pool& pool,
                                                  const config::etcd_settings& etcd);

/// Of a pool that hands over by a barrier, whose members are in etcd. `workers`: how many say a word.
std::unique_ptr<ownership_source> make_ownership_source(boost::asio::io_context& io, const config::pool& pool,
                                                        const config::etcd_settings& etcd,
                                                        std::size_t workers);

} // namespace limpet::membership
