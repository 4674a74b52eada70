#include "proxy/membership/make_source.hpp"

#include "proxy/membership/client_options.hpp"
#include "proxy/membership/etcd_source.hpp"
#include "proxy/membership/file_source.hpp"
#include "proxy/membership/static_source.hpp"

#include <boost/asio/io_context.hpp>

namespace limpet::membership {

std::unique_ptr<source> make_source(boost::asio::io_context& io, const config::pool& pool,
                                    const config::etcd_settings& etcd) {
  switch (pool.members.source) {
  case config::source_kind::file:
    return std::make_unique<file_source>(io.get_executor(), pool.name, pool.members.file_path);
  case config::source_kind::etcd:
    return std::make_unique<etcd_source>(io.get_executor(),
                                         std::make_shared<etcd::client>(client_options_from(etcd)),
                                         etcd_source::options{.pool = pool.name,
                                                              .prefix = etcd.prefix,
                                                              .relist = etcd.relist,
                                                              .snapshot_folder = etcd.snapshot});
  case config::source_kind::none:
  case config::source_kind::static_:
    break;
  }
  return std::make_unique<static_source>(pool.members.static_members);
}

std::unique_ptr<railed_source> make_railed_source(boost::asio::io_context& io, const config::pool& pool,
                                                  const config::etcd_settings& etcd) {
  const bool is_etcd = pool.members.source == config::source_kind::etcd;
  if (!is_etcd && pool.members.source != config::source_kind::file) return nullptr;
  return std::make_unique<railed_source>(
      io.get_executor(), make_source(io, pool, etcd),
      railed_source::options{.pool = pool.name,
                             .rails = pool.rails,
                             .snapshot_folder = is_etcd ? etcd.snapshot : std::string()});
}

} // namespace limpet::membership
