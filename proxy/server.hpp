#pragma once

#include "config/config.hpp"
#include "proxy/control.hpp"
#include "proxy/drain_writer.hpp"
#include "proxy/http/worker_state.hpp"
#include "proxy/memory_trim.hpp"
#include "proxy/net/context.hpp"
#include "proxy/net/listen_socket.hpp"
#include "proxy/ops/access_log.hpp"
#include "proxy/ops/admin_server.hpp"
#include "proxy/ops/backend.hpp"
#include "proxy/ops/health_checker.hpp"
#include "proxy/worker.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace limpet {

struct serve_options {
  std::string config_path;
  std::string ready_file;                     ///< written once all listeners are bound; empty: none
  std::optional<config::log_level> log_level; ///< instead of the configuration's
};

/// How a process ends; what systemd and scripts go by.
enum class exit_code : int { clean = 0, cannot_start = 1, forced = 2, unclean = 3 };

/// The composition root: binds, starts the workers, watches signals, reloads and drains. run() is the control
/// thread.
class server final : public ops::backend {
public:
  /// Throws where it cannot start, with a message for the operator.
  server(serve_options options, config::settings settings);
  ~server() override;

  exit_code run();

  boost::asio::awaitable<net::counter_shard> counters() override;
  const http::label_names& labels() const override { return control_.labels(); }
  ops::process_facts facts() const override;
  std::vector<ops::pool_facts> pools() const override;
  std::shared_ptr<const http::snapshot> snapshot() const override { return control_.current(); }
  const config::settings& settings() const override { return control_.settings(); }
  bool ready() const override;
  void begin_drain() override;
  std::size_t act_on_rails(const std::string& pool, ops::rails_action action) override;
  boost::asio::awaitable<ops::drain_outcome> drain_member(std::string pool, std::string member,
                                                          std::string by) override;
  boost::asio::awaitable<ops::drain_outcome> undo_member_drain(std::string pool, std::string member) override;

private:
  void fit_limits();
  void bind();
  void make_workers();
  void write_ready_file() const;
  void await_signal();
  void on_signal(int number);
  void reload();
  void close_listeners();
  void await_drained();
  void leave_pools();
  void finish(exit_code code);

  serve_options options_;
  config::settings
      settings_; ///< as read at the start: what a reload leaves as it runs is compared with these
  net::context io_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
  http::process_state process_;
  memory_trim memory_trim_;
  std::unique_ptr<ops::access_log> access_log_;
  std::vector<std::unique_ptr<worker>> workers_;
  ops::health_checker health_checker_;
  control control_;
  drain_writer drain_writer_;
  std::unique_ptr<ops::admin_server> admin_;
  std::vector<net::listen_sockets> listeners_;
  std::vector<std::string> unix_sockets_; ///< their paths, the admin's among them
  std::chrono::steady_clock::time_point drain_ends_{};
  bool stopping_ = false;
  bool is_leaving_ = false;         ///< the pools, and no connection is left
  std::size_t still_accepting_ = 0; ///< workers that have yet to take what waits in their accept queues
  bool last_reload_ok_ = true;
  std::int64_t last_reload_unix_s_ = 0;
  std::vector<std::string> restart_needed_;
  exit_code code_ = exit_code::clean;
};

} // namespace limpet
