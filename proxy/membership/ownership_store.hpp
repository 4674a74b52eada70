#pragma once

#include "proxy/membership/etcd/client.hpp"
#include "proxy/membership/ownership_table.hpp"
#include "routing/ownership/record.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace limpet::membership {

/// What the ownership protocol does in etcd: each is one linearizable request. One pool.
class ownership_store {
public:
  template <class T>
  using awaitable = boost::asio::awaitable<etcd::result<T>>;

  ownership_store(std::shared_ptr<etcd::client> client, std::string_view prefix, std::string_view pool,
                  ownership_terms terms);

  /// What a read found, and the store's revision then.
  struct reading {
    ownership_table table;
    std::uint64_t revision = 0;
    std::uint64_t cluster_id = 0;
  };

  awaitable<std::int64_t> grant_lease(std::chrono::seconds ttl);
  /// Creates `routers/` and `alive/` of the incarnation where both are absent, and reads all `routers/` and
  /// `view`. Nothing where one of them is there. With `left_view` (ownership_table::left_view) deletes that
  /// one, too; nothing where it is another by now, or anybody is registered.
  awaitable<std::optional<reading>> register_once(std::string incarnation, std::int64_t lease,
                                                  std::int64_t left_view);
  /// Both keys of the incarnation, and `view` where its mod_revision is above `held`: it may be a megabyte.
  awaitable<reading> read_self(std::string incarnation, std::uint64_t held);
  awaitable<reading> read_barrier();
  awaitable<reading> read_members();
  /// The record's mod_revision, or 0 where `view` is not of `over` any more.
  awaitable<std::uint64_t> write_record(ownership::record r, std::uint64_t over);
  /// False where `routers/` of the incarnation is gone.
  awaitable<bool> acknowledge(std::string incarnation, std::uint64_t revision);
  /// Takes a dead incarnation out, unless it lives or is out.
  awaitable<void> remove(std::string incarnation);
  awaitable<void> leave(std::string incarnation);

  const ownership_keys& keys() const noexcept { return keys_; }
  ownership_table empty_table() const { return {members_, keys_, terms_}; }

private:
  static etcd::compare is_absent(std::string key, bool absent = true);
  static etcd::compare is_of(std::string key, std::int64_t mod_revision);
  awaitable<reading> read(std::vector<etcd::range_request> ranges);
  reading read_of(const etcd::txn_response& response) const;

  std::shared_ptr<etcd::client> client_;
  pool_keys members_;
  ownership_keys keys_;
  ownership_terms terms_;
};

} // namespace limpet::membership
