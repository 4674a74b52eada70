#include "proxy/drain_writer.hpp"

#include <spdlog/spdlog.h>

#include <ctime>
#include <exception>
#include <utility>

namespace limpet {

namespace {

using kind = ops::drain_outcome::kind;

ops::drain_outcome failure(const etcd::error& reason) {
  const bool is_outage = reason.code == etcd::errc::unreachable || reason.code == etcd::errc::timed_out ||
                         reason.code == etcd::errc::unavailable;
  return {is_outage ? kind::no_answer : kind::refused, reason.message};
}

/// RFC 3339, in UTC.
std::string time_text() {
  const auto now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

} // namespace

std::optional<std::string> drain_writer::open(const config::etcd_settings& etcd) {
  if (drains_) return {};
  try {
    drains_.emplace(etcd);
    return {};
  } catch (const std::exception& e) {
    return e.what();
  }
}

boost::asio::awaitable<ops::drain_outcome>
drain_writer::put(const config::etcd_settings& etcd, std::string pool, std::string member, std::string by) {
  if (auto wrong = open(etcd)) co_return ops::drain_outcome{kind::refused, std::move(*wrong)};
  membership::drain_note note{std::move(by), time_text()};
  spdlog::info("pool {}: a drain of member {} is to begin, for {}", pool, member, note.by);
  const auto put = co_await drains_->put(pool, member, std::move(note));
  if (!put) {
    spdlog::error("pool {}: the drain of member {} was not written: {}", pool, member, put.error().message);
    co_return failure(put.error());
  }
  co_return ops::drain_outcome{*put ? kind::done : kind::nothing_to_do};
}

boost::asio::awaitable<ops::drain_outcome> drain_writer::remove(const config::etcd_settings& etcd,
                                                                std::string pool, std::string member) {
  if (auto wrong = open(etcd)) co_return ops::drain_outcome{kind::refused, std::move(*wrong)};
  spdlog::info("pool {}: the drain of member {} is to be undone", pool, member);
  const auto removed = co_await drains_->remove(pool, member);
  if (!removed) {
    spdlog::error("pool {}: the drain of member {} was not deleted: {}", pool, member,
                  removed.error().message);
    co_return failure(removed.error());
  }
  co_return ops::drain_outcome{*removed ? kind::done : kind::nothing_to_do};
}

} // namespace limpet
