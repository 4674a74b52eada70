#pragma once

#include "config/config.hpp"
#include "proxy/address_book.hpp"
#include "proxy/epoch_reads.hpp"
#include "proxy/http/strict_pool.hpp"
#include "proxy/membership/ownership_source.hpp"
#include "proxy/membership/railed_source.hpp"
#include "proxy/snapshot_builder.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace limpet {

/// The control thread's heart: holds the membership sources and the configuration in force, makes a snapshot
/// whenever either changes, and hands it to the workers. Frees old snapshots once no worker holds them.
class control final : public http::epoch_reader, public http::strict_listener {
public:
  using publish_function = std::function<void(std::shared_ptr<const http::snapshot>)>;

  control(boost::asio::io_context& io, publish_function publish);
  /// How many there are, for pools that wait for a word of each. Before the first apply().
  void set_workers(std::size_t count) noexcept { workers_ = count; }
  control(const control&) = delete;

  /// Puts the settings in force: sources whose settings did not change go on, others are made anew.
  /// Publishes.
  void apply(const config::settings& settings);
  void stop();
  /// A clean exit of all pools that hand over by a barrier; `left` is called once it is over, if it comes
  /// about.
  void leave(std::function<void()> left);
  /// How long that takes at most, but for the time that etcd takes.
  ownership::duration leaves_within() const;

  const config::settings& settings() const noexcept { return settings_; }
  std::shared_ptr<const http::snapshot> current() const noexcept { return current_; }
  const http::label_names& labels() const noexcept { return builder_.labels(); }
  std::vector<ops::former_member> former_members_of(const std::string& pool) const {
    return builder_.former_members(pool);
  }
  membership::source_status status_of(const std::string& pool) const;
  /// What stands between the pool's source and its view; nullptr where there is none: static members, no such
  /// pool. Good until the next apply().
  membership::railed_source* rails_of(const std::string& pool) const;
  std::vector<membership::operator_drain> drains_of(const std::string& pool) const;

  void read_until(const std::string& pool, std::uint64_t epoch, tell_function tell) override;
  void on_word(std::uint32_t pool, const net::strict_word& word) override;
  /// Nothing where the pool does not hand over by a barrier.
  std::optional<membership::handoff_status> handoff_of(const std::string& pool) const;

private:
  struct pool_source {
    config::pool settings;
    std::unique_ptr<membership::source> source;
    membership::railed_source* rails = nullptr;        ///< the source, where it has them
    membership::ownership_source* ownership = nullptr; ///< the source, where the pool hands over by a barrier
    std::optional<epoch_reads> reads;
    /// Where the epochs of a source that counts for itself go on, after a reload that made it anew.
    std::uint64_t epochs_before = 0;
  };
  using pool_sources = std::map<std::string, pool_source>;
  /// Of a pool that a reload has taken out: kept until it has left in order.
  struct leaving_pool {
    struct departure {
      bool is_over = false;
      std::function<void()> then;
    };
    pool_sources::node_type of;
    std::shared_ptr<departure> departs;
  };

  void start_source(const config::pool& pool);
  void end_source(pool_sources::node_type ended);
  void make_source(const config::pool& pool, pool_source& made);
  static ownership::duration counts_after_write(const pool_source& s);
  static bool is_source_of(const pool_source& made, const config::pool& pool);
  void on_members(const std::string& pool, const membership::source& from, membership::member_list list);
  /// Changes that come together make one snapshot.
  void publish_soon();
  void publish_now();
  /// Tells workers how far the stores are known; whatever that rests on is published.
  void tell_known() const;
  void free_old();

  boost::asio::io_context& io_;
  publish_function publish_;
  config::settings settings_;
  address_book addresses_;
  snapshot_builder builder_;
  pool_sources sources_;
  std::vector<leaving_pool> leaving_;
  snapshot_builder::lists members_;
  std::shared_ptr<const http::snapshot> current_;
  std::vector<std::shared_ptr<const http::snapshot>> old_;
  boost::asio::steady_timer timer_;
  bool publish_due_ = false;
  bool stopped_ = false;
  std::size_t workers_ = 1;
};

} // namespace limpet
