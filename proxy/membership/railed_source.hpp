#pragma once

#include "proxy/membership/rails.hpp"
#include "proxy/membership/snapshot_saver.hpp"
#include "proxy/membership/source.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace limpet::membership {

/// A source behind rails: does what they say, logs what they tell, and keeps the snapshot of the view on
/// disk. Must not be destroyed from within a call of `publish`; stop() may be called there.
class railed_source : public source {
public:
  struct options {
    std::string pool;
    config::rail_settings rails;
    std::string snapshot_folder; ///< empty: none is written
  };

  railed_source(boost::asio::any_io_executor executor, std::unique_ptr<source> inner, options what);
  ~railed_source() override { stop(); }

  void start(publish_function publish) override;
  void stop() override;
  bool refresh(std::function<void(bool well)> done) override { return inner_->refresh(std::move(done)); }
  /// The inner source's: what it heard, not what the view is.
  source_status status() const override { return inner_->status(); }
  std::vector<operator_drain> drains() const override { return inner_->drains(); }

  rails_status rails_now() const { return rails_.status(); }
  void configure(const config::rail_settings& settings);
  void suspend();
  void resume();
  /// Returns how many members left the view, or were let in.
  std::size_t apply();

private:
  void on_list(member_list list);
  void take(rails::step step);
  void arm(std::optional<rails::time_point> at);
  void save(const member_list& view);

  options options_;
  std::unique_ptr<source> inner_;
  rails rails_;
  boost::asio::steady_timer timer_;
  std::optional<snapshot_saver> saver_;
  publish_function publish_;
  bool has_heard_store_ = false; ///< what came from the disk need not go there again
  bool is_stopped_ = false;
  std::shared_ptr<void> alive_ = std::make_shared<char>(); ///< the timer's handler may still be queued
};

} // namespace limpet::membership
