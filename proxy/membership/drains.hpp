#pragma once

#include "config/config.hpp"
#include "proxy/membership/drain_codec.hpp"
#include "proxy/membership/etcd/client.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace limpet::membership {

/// Writes an operator's drains, PREFIX/<pool>/drains/<member>, without a lease: they stay until an operator
/// undoes them. Each is one transaction, done or not; where no answer comes it may have been done, and doing
/// it again is right. One thread, the executor's.
class drains {
public:
  template <class T>
  using awaitable = etcd::client::awaitable<T>;

  /// An answer comes within 4 s, however many endpoints there are; within 8 s where it has to log in. Throws
  /// std::runtime_error or std::invalid_argument where the settings cannot be used.
  explicit drains(const config::etcd_settings& settings);

  /// False where the member is drained already: that drain stays as it was begun.
  awaitable<bool> put(std::string pool, std::string member, drain_note note);
  /// False where there is none.
  awaitable<bool> remove(std::string pool, std::string member);

private:
  std::string key_of(std::string_view pool, std::string_view member) const;

  std::string prefix_;
  std::shared_ptr<etcd::client> client_;
};

} // namespace limpet::membership
