#include "proxy/ops/health_checker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

namespace limpet::ops {

namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
using membership::health_check;

constexpr const char* user_agent = "limpet-check";

membership::check_result internal_error(const std::exception_ptr& escaped) {
  try {
    std::rethrow_exception(escaped);
  } catch (const std::exception& e) {
    spdlog::error("a health check ended by an internal error: {}", e.what());
    return membership::check_failure{"an internal error"};
  }
}

} // namespace

std::string_view to_string(check_verdict verdict) noexcept {
  switch (verdict) {
  case check_verdict::unknown:
    return "unknown";
  case check_verdict::healthy:
    return "healthy";
  case check_verdict::unhealthy:
    return "unhealthy";
  }
  return "unknown";
}

health_checker::health_checker(asio::io_context& io) : io_(io), timer_(io), random_(std::random_device{}()) {}

void health_checker::apply(const http::snapshot& snapshot) {
  if (is_stopped_) return;
  auto before = std::exchange(watched_, {});
  for (const auto& pool : snapshot.pools)
    if (pool->settings.health) watch(pool, before);
  std::vector<check_schedule::subject> subjects;
  for (const auto& [number, w] : watched_)
    subjects.push_back({number, &*w.pool->settings.health});
  for (const auto number : schedule_.set(subjects, clock::now())) {
    // Other settings change nothing of how a member is: the last verdict holds until there is another.
    const auto kept = watched_.find(number);
    if (kept != watched_.end())
      forget_checks(kept->second);
    else
      stop_watching(before.at(number));
  }
  pump();
}

/// Moves the members that were known from `before`.
void health_checker::watch(const std::shared_ptr<const http::pool_snapshot>& pool,
                           std::map<std::uint32_t, watched>& before) {
  for (std::uint32_t i = 0; i < pool->targets.size(); ++i) {
    const auto& target = pool->targets[i];
    auto known = before.extract(target.number);
    const bool was_unresolved = known && known.mapped().target().endpoints.empty();
    auto& w = known ? watched_.insert(std::move(known)).position->second : watched_[target.number];
    w.pool = pool;
    w.member = i;
    if (was_unresolved && !target.endpoints.empty()) schedule_.hurry(target.number, clock::now());
  }
}

/// What is under way counts for nothing.
void health_checker::forget_checks(watched& w) {
  if (const auto running = w.running.lock()) running->cancel();
  w.begun = 0;
}

/// Nobody can find out any more how the member is: it counts as healthy.
void health_checker::stop_watching(watched& w) {
  forget_checks(w);
  w.target().shared->set_unhealthy(false);
}

void health_checker::stop() {
  is_stopped_ = true;
  timer_.cancel();
  for (auto& [number, w] : watched_)
    if (const auto running = w.running.lock()) running->cancel();
}

void health_checker::pump() {
  if (is_stopped_) return;
  while (const auto check = schedule_.next(clock::now()))
    start(*check);
  const auto wake = schedule_.wake();
  timer_.cancel();
  if (wake == clock::time_point::max()) return;
  timer_.expires_at(wake);
  timer_.async_wait([this](boost::system::error_code aborted) {
    if (!aborted) pump();
  });
}

void health_checker::start(check_schedule::check what) {
  auto& w = watched_.at(what.number);
  w.begun = what.begun;
  const auto& endpoints = w.target().endpoints;
  if (endpoints.empty()) return on_result(what, membership::check_failure{"the name is not resolved"});
  const auto running = health_check::make(io_.get_executor(), question_of(w));
  w.running = running;
  asio::co_spawn(io_, health_check::run(running, endpoints),
                 [this, what](const std::exception_ptr& escaped, const membership::check_result& result) {
                   on_result(what, escaped ? internal_error(escaped) : result);
                   pump();
                 });
}

membership::health_question health_checker::question_of(const watched& w) {
  const auto& settings = *w.pool->settings.health;
  membership::health_question question;
  question.http_path = settings.http_path;
  question.host = settings.http_host.empty() ? membership::host_of(w.record().address) : settings.http_host;
  question.user_agent = user_agent;
  question.status = settings.status;
  question.timeout = settings.timeout;
  return question;
}

void health_checker::on_result(check_schedule::check what, const membership::check_result& result) {
  if (is_stopped_) return;
  const auto verdict = schedule_.finished(what, result.has_value(), clock::now(), random_());
  const auto found = watched_.find(what.number);
  if (found == watched_.end() || found->second.begun != what.begun) return;
  auto& w = found->second;
  auto& counted = counts_[w.target().label];
  ++(result ? counted.passed : counted.failed);
  w.last_error = result ? std::string() : result.error().reason;
  if (verdict) tell(w, *verdict);
  // It takes connections: what requests found before has passed.
  const bool is_well = schedule_.verdict_of(what.number) != check_verdict::unhealthy;
  if (result && is_well && w.target().shared->connected())
    spdlog::info("pool {}: member {} can be reached again", w.pool->settings.name, w.record().id);
}

void health_checker::tell(watched& w, check_verdict verdict) {
  const auto& pool = w.pool->settings.name;
  const auto& id = w.record().id;
  const bool was_unhealthy = w.target().shared->why_left_out(clock::now()) == net::left_out::unhealthy;
  w.target().shared->set_unhealthy(verdict == check_verdict::unhealthy);
  if (verdict == check_verdict::healthy) w.target().shared->prove();
  if (verdict == check_verdict::unhealthy)
    spdlog::warn("pool {}: member {} is unhealthy: {}", pool, id, w.last_error);
  else if (was_unhealthy)
    spdlog::info("pool {}: member {} is healthy again", pool, id);
  else
    spdlog::debug("pool {}: member {} is healthy", pool, id);
}

std::vector<member_checks> health_checker::of(const http::pool_snapshot& pool) const {
  std::vector<member_checks> all;
  if (!pool.settings.health) return all;
  for (const auto& target : pool.targets) {
    auto& told = all.emplace_back();
    told.verdict = schedule_.verdict_of(target.number);
    if (const auto w = watched_.find(target.number); w != watched_.end())
      told.last_error = w->second.last_error;
    if (const auto n = counts_.find(target.label); n != counts_.end()) {
      told.passed = n->second.passed;
      told.failed = n->second.failed;
    }
  }
  return all;
}

} // namespace limpet::ops
