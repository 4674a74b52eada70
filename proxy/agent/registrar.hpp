#pragma once

#include "config/config.hpp"
#include "proxy/agent/registration_fsm.hpp"
#include "proxy/membership/etcd/client.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>

namespace limpet::agent {

/// Does in etcd what registration_fsm says. One thread, the io_context's.
class registrar {
public:
  registrar(boost::asio::io_context& io, const config::agent_settings& agent,
            const config::etcd_settings& etcd);

  // What the machine hears of: see there.
  void healthy(std::string incarnation);
  void unhealthy();
  void drain();
  void stop();

  /// Runs until the registration is over. True where etcd confirmed that nothing of it is left.
  boost::asio::awaitable<bool> run();

private:
  using fsm = registration_fsm;
  using outcome = fsm::outcome;

  boost::asio::awaitable<outcome> perform(fsm::delete_leftover step);
  boost::asio::awaitable<outcome> perform(fsm::grant_lease step);
  boost::asio::awaitable<outcome> perform(fsm::create step);
  boost::asio::awaitable<outcome> perform(fsm::adopt step);
  boost::asio::awaitable<outcome> perform(fsm::raise_weight step);
  boost::asio::awaitable<outcome> perform(fsm::mark_draining step);
  boost::asio::awaitable<outcome> perform(fsm::keep_alive step);
  boost::asio::awaitable<outcome> perform(fsm::look step);
  boost::asio::awaitable<outcome> perform(fsm::revoke step);
  boost::asio::awaitable<outcome> perform(fsm::wait step);
  boost::asio::awaitable<outcome> put_if(etcd::compare condition, std::int64_t lease, std::string value);
  boost::asio::awaitable<outcome> put_if_ours(std::int64_t lease, std::string value);
  std::string value_of(const std::string& incarnation, std::uint32_t weight,
                       routing::member_state state = routing::member_state::ready) const;
  fsm::exists holder_of(const etcd::key_value& kv) const;
  outcome failure(const etcd::error& reason);
  void log_progress(bool was_registered, bool was_superseded, std::uint32_t weight_before);

  config::agent_settings agent_;
  std::string key_;
  etcd::client client_;
  fsm fsm_;
  boost::asio::steady_timer wake_;
  std::string last_problem_;
};

} // namespace limpet::agent
