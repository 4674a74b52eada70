#pragma once

#include "config/config.hpp"
#include "proxy/membership/drains.hpp"
#include "proxy/ops/backend.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>

namespace limpet {

/// Writes operators' drains of members to etcd, with a connection of its own that is made when it is first
/// needed, and logs what was written. Lives on the control thread.
class drain_writer {
public:
  boost::asio::awaitable<ops::drain_outcome> put(const config::etcd_settings& etcd, std::string pool,
                                                 std::string member, std::string by);
  boost::asio::awaitable<ops::drain_outcome> remove(const config::etcd_settings& etcd, std::string pool,
                                                    std::string member);

private:
  /// What is wrong with the settings, if anything is.
  std::optional<std::string> open(const config::etcd_settings& etcd);

  std::optional<membership::drains> drains_;
};

} // namespace limpet
