#include "proxy/agent/agent.hpp"

#include "proxy/agent/child.hpp"
#include "proxy/agent/connections.hpp"
#include "proxy/agent/incarnation.hpp"
#include "proxy/agent/registrar.hpp"
#include "proxy/membership/health.hpp"
#include "proxy/membership/health_check.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <sys/wait.h>

#include <csignal>
#include <optional>

namespace limpet::agent {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr int exit_clean = 0;
constexpr int exit_not_started = 1;
constexpr int exit_forced = 2;
constexpr int exit_unclean = 3;

/// How long after the end of a registration its backend goes on at the least: proxies hear of that end a
/// moment later, and pinned sessions come until they do.
constexpr std::chrono::milliseconds until_proxies_have_heard{500};
constexpr std::chrono::milliseconds between_two_counts{100};

membership::health_question question_of(const config::agent_settings& agent) {
  membership::health_question question;
  question.http_path = agent.check.http_path;
  question.host = membership::host_of(agent.address.text);
  question.user_agent = "limpet-agent";
  question.timeout = agent.check.timeout;
  return question;
}

class running_agent {
public:
  explicit running_agent(const agent_options& options);
  int run();

private:
  void wait_for_signal();
  void on_termination();
  void reap_children();
  void on_registration_over(bool is_clean);
  void maybe_end();
  asio::awaitable<void> linger();
  asio::awaitable<void> pause(std::chrono::milliseconds time); ///< of one at a time
  asio::awaitable<void> check_for_ever();
  void on_verdict(bool is_well, const std::string& reason);
  void spawn(asio::awaitable<void> work);

  agent_options options_;
  asio::io_context io_{1};
  // Before the backend is started, or its end could be missed.
  asio::signal_set signals_{io_, SIGTERM, SIGINT, SIGCHLD};
  registrar registrar_;
  membership::health health_;
  asio::steady_timer check_timer_{io_};
  asio::steady_timer end_timer_{io_};
  // Before anything opens a socket, which the backend would inherit.
  std::optional<child> child_;
  std::string child_incarnation_; ///< where a backend was started
  int terminations_ = 0;
  bool was_healthy_ = false; ///< once at least: it may have been registered
  bool is_registration_over_ = false;
  bool is_registration_clean_ = true;
};

running_agent::running_agent(const agent_options& options)
    : options_(options), registrar_(io_, options_.agent, options_.etcd),
      health_(options_.agent.check.healthy, options_.agent.check.unhealthy) {
  if (options_.command.empty()) return;
  child_.emplace(options_.command);
  child_incarnation_ = make_incarnation();
  spdlog::info("backend started, pid {}", child_->pid());
}

int running_agent::run() {
  if (options_.agent.slow_start > std::chrono::milliseconds(0) && options_.agent.weight == 1)
    spdlog::warn("slow_start: with a weight of 1 there is nothing to raise");
  wait_for_signal();
  spawn([](running_agent& self) -> asio::awaitable<void> {
    self.on_registration_over(co_await self.registrar_.run());
  }(*this));
  spawn(check_for_ever());
  io_.run();
  if (child_) return child_->exit_code();
  if (terminations_ > 1) return exit_forced;
  return is_registration_clean_ ? exit_clean : exit_unclean;
}

/// An exception that escapes is one that nothing here can go on from: it leaves run().
void running_agent::spawn(asio::awaitable<void> work) {
  asio::co_spawn(io_, std::move(work), [](std::exception_ptr escaped) {
    if (escaped) std::rethrow_exception(escaped);
  });
}

void running_agent::wait_for_signal() {
  signals_.async_wait([this](error_code aborted, int signal) {
    if (aborted) return;
    if (signal == SIGCHLD) {
      reap_children();
    } else {
      on_termination();
    }
    wait_for_signal();
  });
}

void running_agent::on_termination() {
  ++terminations_;
  if (terminations_ == 1) {
    spdlog::info("draining for up to {} ms", options_.agent.drain.count());
    registrar_.drain();
    return;
  }
  spdlog::warn("a second signal: ending at once");
  registrar_.stop();
  end_timer_.cancel();
  if (child_) child_->send(SIGKILL);
}

/// All of them: an agent that is the first process of a container inherits the orphans of others.
void running_agent::reap_children() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    if (!child_ || pid != child_->pid()) continue;
    child_->ended(status);
    spdlog::info("the backend has ended with {}", child_->exit_code());
    registrar_.stop();
    maybe_end();
  }
}

void running_agent::on_registration_over(bool is_clean) {
  is_registration_over_ = true;
  is_registration_clean_ = is_clean;
  if (!is_clean)
    spdlog::warn("etcd did not confirm the end of the registration; its lease runs out by itself");
  if (!child_ || !child_->is_running()) return maybe_end();
  spawn(linger());
}

/// Lets the backend serve those who are still with it: sessions that proxies let go one by one. Where it was
/// never healthy nobody is, and where etcd did not confirm, no proxy knows that they have to go. Where nobody
/// can tell how many there are, the whole time is waited.
asio::awaitable<void> running_agent::linger() {
  const auto began = std::chrono::steady_clock::now();
  const bool is_waited_for = was_healthy_ && is_registration_clean_;
  const auto no_longer_than = is_waited_for ? options_.agent.linger : std::chrono::milliseconds(0);
  co_await pause(until_proxies_have_heard);
  while (terminations_ == 1 && std::chrono::steady_clock::now() - began < no_longer_than &&
         count_connections(options_.agent.address.text) != 0)
    co_await pause(between_two_counts);
  if (const auto left = count_connections(options_.agent.address.text).value_or(0); left > 0)
    spdlog::warn("the backend ends with {} of its connections open", left);
  child_->send(SIGTERM);
}

asio::awaitable<void> running_agent::pause(std::chrono::milliseconds time) {
  end_timer_.expires_after(time);
  co_await end_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

void running_agent::maybe_end() {
  const bool is_backend_left = child_ && child_->is_running();
  if (is_registration_over_ && !is_backend_left) io_.stop();
}

asio::awaitable<void> running_agent::check_for_ever() {
  const auto& address = options_.agent.address.text;
  const auto question = question_of(options_.agent);
  bool is_first = true;
  for (;;) {
    const auto next = std::chrono::steady_clock::now() + options_.agent.check.interval;
    const auto answer = co_await membership::check_health(address, question);
    // A backend that was never healthy changes no verdict by failing; whoever waits for it wants to know why.
    if (!answer && is_first) spdlog::warn("the backend is unhealthy so far: {}", answer.error().reason);
    is_first = false;
    if (const auto verdict = health_.observe(answer.has_value())) {
      on_verdict(*verdict, answer ? std::string() : answer.error().reason);
    }
    check_timer_.expires_at(next);
    co_await check_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

void running_agent::on_verdict(bool is_well, const std::string& reason) {
  if (is_well) {
    was_healthy_ = true;
    spdlog::info("the backend is healthy");
    // What a backend did while it was away nobody here knows, unless it is known to be the same process.
    registrar_.healthy(child_ ? child_incarnation_ : make_incarnation());
  } else {
    spdlog::warn("the backend is unhealthy: {}", reason);
    registrar_.unhealthy();
  }
}

} // namespace

int run_agent(const agent_options& options) {
  try {
    return running_agent(options).run();
  } catch (const std::exception& reason) {
    spdlog::error("agent: {}", reason.what());
    return exit_not_started;
  }
}

} // namespace limpet::agent
