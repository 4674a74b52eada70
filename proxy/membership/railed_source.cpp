#include "proxy/membership/railed_source.hpp"

#include "proxy/membership/rails_text.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace limpet::membership {
namespace {

using clock = std::chrono::steady_clock;

void log(const std::string& pool, const rails_event& event, const config::rail_settings& settings) {
  const std::string text = log_text(pool, event, settings);
  switch (loudness_of(event.what)) {
  case loudness::info:
    return spdlog::info(text);
  case loudness::warning:
    return spdlog::warn(text);
  case loudness::error:
    return spdlog::error(text);
  }
}

} // namespace

railed_source::railed_source(boost::asio::any_io_executor executor, std::unique_ptr<source> inner,
                             options what)
    : options_(std::move(what)), inner_(std::move(inner)), rails_(options_.rails), timer_(executor) {
  if (!options_.snapshot_folder.empty()) saver_.emplace(executor, options_.snapshot_folder, options_.pool);
}

void railed_source::start(publish_function publish) {
  publish_ = std::move(publish);
  inner_->start([this](member_list list) { on_list(std::move(list)); });
}

void railed_source::stop() {
  if (std::exchange(is_stopped_, true)) return;
  inner_->stop();
  timer_.cancel();
  if (saver_) saver_->stop();
}

void railed_source::on_list(member_list list) {
  if (!list.stale) has_heard_store_ = true;
  take(rails_.listed(std::move(list), clock::now()));
}

void railed_source::configure(const config::rail_settings& settings) {
  if (settings == options_.rails) return;
  options_.rails = settings;
  take(rails_.configure(settings, clock::now()));
}

void railed_source::suspend() {
  take(rails_.suspend(clock::now()));
}

void railed_source::resume() {
  take(rails_.resume(clock::now()));
}

std::size_t railed_source::apply() {
  auto step = rails_.apply(clock::now());
  std::size_t changed = 0;
  for (const rails_event& event : step.events)
    if (event.what == rails_event::kind::applied) changed = event.ids.size();
  take(std::move(step));
  return changed;
}

void railed_source::take(rails::step step) {
  if (is_stopped_) return;
  for (const rails_event& event : step.events)
    log(options_.pool, event, options_.rails);
  arm(step.timer);
  if (!step.publish) return;
  save(*step.publish);
  publish_(std::move(*step.publish));
}

void railed_source::arm(std::optional<rails::time_point> at) {
  timer_.cancel();
  if (!at) return;
  timer_.expires_at(*at);
  timer_.async_wait([this, alive = std::weak_ptr(alive_)](boost::system::error_code aborted) {
    if (!aborted && !alive.expired() && !is_stopped_) take(rails_.timer(clock::now()));
  });
}

void railed_source::save(const member_list& view) {
  if (saver_ && has_heard_store_) saver_->save_soon(view);
}

} // namespace limpet::membership
