#include "proxy/membership/make_source.hpp"

#include "config/barrier.hpp"
#include "proxy/membership/client_options.hpp"
#include "proxy/membership/etcd_source.hpp"
#include "proxy/membership/file_source.hpp"
#include "proxy/membership/member_codec.hpp"
#include "proxy/membership/static_source.hpp"

#include <boost/asio/io_context.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>

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

/// The host's name, as far as it fits in a key.
std::string proxy_name() {
  std::array<char, 65> text{};
  if (::gethostname(text.data(), text.size() - 1) != 0) return "proxy";
  std::string name = text.data();
  std::ranges::replace_if(
      name,
      [](char c) {
        return !is_member_id({&c, 1});
      },
      '-');
  return name.empty() ? "proxy" : name;
}

std::unique_ptr<ownership_source> make_ownership_source(boost::asio::io_context& io, const config::pool& pool,
                                                        const config::etcd_settings& etcd,
                                                        std::size_t workers) {
  auto client = client_options_from(etcd);
  // So that one endpoint that does not answer leaves time to ask another, by the deadline and by the lease.
  client.timeout = std::min({client.timeout, pool.barrier.window / 3, pool.barrier.lease_ttl / 3});
  ownership_source::options options;
  options.pool = pool.name;
  options.prefix = etcd.prefix;
  options.relist = etcd.relist;
  options.protocol.limits = config::limits_of(pool.barrier);
  options.protocol.pace.batch = pool.barrier.batch;
  options.terms = {pool.barrier.cluster, std::string(routing::placement_name),
                   config::keys_digest(pool.session), config::limits_text(pool.barrier)};
  options.proxy = proxy_name();
  options.workers = workers;
  return std::make_unique<ownership_source>(
      io.get_executor(), std::make_shared<etcd::client>(std::move(client)), std::move(options));
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
