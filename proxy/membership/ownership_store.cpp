#include "proxy/membership/ownership_store.hpp"

#include <utility>
#include <variant>

namespace limpet::membership {

namespace {

// Requests are named before they are awaited: gcc 12 destroys a braced temporary in a co_await expression
// twice.

etcd::range_request all_of(const std::string& prefix) {
  return {.key = prefix, .range_end = etcd::prefix_end(prefix)};
}

etcd::range_request one(const std::string& key) {
  return {.key = key, .range_end = {}};
}

std::uint64_t revision_of(const etcd::response_header& header) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(header.revision, 0));
}

} // namespace

ownership_store::ownership_store(std::shared_ptr<etcd::client> client, std::string_view prefix,
                                 std::string_view pool, ownership_terms terms)
    : client_(std::move(client)), members_(prefix, pool), keys_(prefix, pool), terms_(std::move(terms)) {}

etcd::compare ownership_store::is_absent(std::string key, bool absent) {
  using relation = etcd::compare::relation;
  return {.key = std::move(key), .how = absent ? relation::equal : relation::greater, .value = {}};
}

etcd::compare ownership_store::is_of(std::string key, std::int64_t mod_revision) {
  return {.key = std::move(key),
          .what = etcd::compare::target::mod_revision,
          .number = mod_revision,
          .value = {}};
}

ownership_store::reading ownership_store::read_of(const etcd::txn_response& response) const {
  reading found{empty_table(), revision_of(response.header), response.header.cluster_id};
  for (const auto& part : response.responses)
    if (const auto* range = std::get_if<etcd::range_response>(&part)) found.table.apply(*range);
  return found;
}

/// In one transaction, at one revision. Without writes etcd reads it linearizably.
ownership_store::awaitable<ownership_store::reading>
ownership_store::read(std::vector<etcd::range_request> ranges) {
  etcd::txn_request request;
  for (auto& range : ranges)
    request.success.emplace_back(std::move(range));
  const auto done = co_await client_->txn(std::move(request));
  if (!done) co_return done.error();
  co_return read_of(*done);
}

ownership_store::awaitable<std::int64_t> ownership_store::grant_lease(std::chrono::seconds ttl) {
  const etcd::lease_grant_request request{.ttl_s = ttl.count()};
  const auto lease = co_await client_->lease_grant(request);
  if (!lease) co_return lease.error();
  co_return lease->id;
}

ownership_store::awaitable<std::optional<ownership_store::reading>>
ownership_store::register_once(std::string incarnation, std::int64_t lease, std::int64_t left_view) {
  etcd::txn_request request;
  request.compares = {is_absent(keys_.routers + incarnation), is_absent(keys_.alive + incarnation)};
  if (left_view != 0) {
    auto no_one = is_absent(keys_.routers);
    no_one.range_end = etcd::prefix_end(keys_.routers);
    request.compares.push_back(std::move(no_one));
    request.compares.push_back(is_of(keys_.view, left_view));
    request.success.emplace_back(etcd::delete_range_request{.key = keys_.view, .range_end = {}});
  }
  request.success.emplace_back(
      etcd::put_request{.key = keys_.routers + incarnation, .value = encode_router(terms_)});
  request.success.emplace_back(
      etcd::put_request{.key = keys_.alive + incarnation, .value = encode_router(terms_), .lease = lease});
  request.success.emplace_back(all_of(keys_.routers));
  request.success.emplace_back(one(keys_.view));
  const auto done = co_await client_->txn(std::move(request));
  if (!done) co_return done.error();
  if (!done->succeeded) co_return std::optional<reading>();
  co_return std::optional(read_of(*done));
}

ownership_store::awaitable<ownership_store::reading> ownership_store::read_self(std::string incarnation,
                                                                                std::uint64_t held) {
  etcd::txn_request request;
  request.compares.push_back({.key = keys_.view,
                              .what = etcd::compare::target::mod_revision,
                              .how = etcd::compare::relation::greater,
                              .number = static_cast<std::int64_t>(held),
                              .value = {}});
  request.failure = {one(keys_.routers + incarnation), one(keys_.alive + incarnation)};
  request.success = request.failure;
  request.success.emplace_back(one(keys_.view));
  const auto done = co_await client_->txn(std::move(request));
  if (!done) co_return done.error();
  co_return read_of(*done);
}

ownership_store::awaitable<ownership_store::reading> ownership_store::read_barrier() {
  std::vector<etcd::range_request> ranges{all_of(keys_.routers), all_of(keys_.alive), all_of(keys_.acks),
                                          one(keys_.view)};
  return read(std::move(ranges));
}

ownership_store::awaitable<ownership_store::reading> ownership_store::read_members() {
  std::vector<etcd::range_request> ranges{all_of(members_.drains), all_of(members_.members)};
  return read(std::move(ranges));
}

ownership_store::awaitable<std::uint64_t> ownership_store::write_record(ownership::record r,
                                                                        std::uint64_t over) {
  etcd::txn_request request;
  request.compares = {is_of(keys_.view, static_cast<std::int64_t>(over))};
  request.success.emplace_back(etcd::put_request{.key = keys_.view, .value = encode_record(r, terms_)});
  const auto done = co_await client_->txn(std::move(request));
  if (!done) co_return done.error();
  co_return done->succeeded ? revision_of(done->header) : 0;
}

ownership_store::awaitable<bool> ownership_store::acknowledge(std::string incarnation,
                                                              std::uint64_t revision) {
  etcd::txn_request request;
  request.compares.push_back(is_absent(keys_.routers + incarnation, false));
  request.success.emplace_back(
      etcd::put_request{.key = keys_.acks + incarnation, .value = encode_acknowledgement(revision)});
  const auto done = co_await client_->txn(std::move(request));
  if (!done) co_return done.error();
  co_return done->succeeded;
}

ownership_store::awaitable<void> ownership_store::remove(std::string incarnation) {
  etcd::txn_request request;
  request.compares.push_back(is_absent(keys_.alive + incarnation));
  request.success.emplace_back(
      etcd::delete_range_request{.key = keys_.routers + incarnation, .range_end = {}});
  request.success.emplace_back(etcd::delete_range_request{.key = keys_.acks + incarnation, .range_end = {}});
  const auto done = co_await client_->txn(std::move(request));
  if (!done) co_return done.error();
  co_return etcd::result<void>();
}

ownership_store::awaitable<void> ownership_store::leave(std::string incarnation) {
  etcd::txn_request request;
  for (const auto& prefix : {keys_.routers, keys_.alive, keys_.acks})
    request.success.emplace_back(etcd::delete_range_request{.key = prefix + incarnation, .range_end = {}});
  const auto done = co_await client_->txn(std::move(request));
  if (!done) co_return done.error();
  co_return etcd::result<void>();
}

} // namespace limpet::membership
