#include "proxy/membership/drains.hpp"

#include "proxy/membership/client_options.hpp"
#include "proxy/membership/member_table.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace limpet::membership {
namespace {

/// Whoever asks waits 10 s for an answer, and a log-in may come before the request.
constexpr std::chrono::milliseconds answer_within{4'000};

etcd::client_options options_from(const config::etcd_settings& settings) {
  auto options = client_options_from(settings);
  const auto endpoints = static_cast<int>(std::max<std::size_t>(settings.endpoints.size(), 1));
  options.timeout = std::min(options.timeout, answer_within / endpoints);
  return options;
}

} // namespace

// Requests are named before they are awaited: gcc 12 destroys a braced temporary in a co_await expression
// twice.

drains::drains(const config::etcd_settings& settings)
    : prefix_(settings.prefix), client_(std::make_shared<etcd::client>(options_from(settings))) {}

std::string drains::key_of(std::string_view pool, std::string_view member) const {
  return pool_keys(prefix_, pool).drains + std::string(member);
}

drains::awaitable<bool> drains::put(std::string pool, std::string member, drain_note note) {
  const auto key = key_of(pool, member);
  etcd::txn_request request;
  request.compares.push_back({.key = key, .what = etcd::compare::target::create_revision, .value = {}});
  request.success.push_back(etcd::put_request{.key = key, .value = encode_drain(note)});
  const auto done = co_await client_->txn(std::move(request));
  if (!done) co_return done.error();
  co_return done->succeeded;
}

drains::awaitable<bool> drains::remove(std::string pool, std::string member) {
  etcd::delete_range_request request{.key = key_of(pool, member), .range_end = {}};
  const auto done = co_await client_->delete_range(std::move(request));
  if (!done) co_return done.error();
  co_return done->deleted > 0;
}

} // namespace limpet::membership
