#include "proxy/server.hpp"

#include "config/barrier.hpp"
#include "config/load.hpp"
#include "config/print.hpp"
#include "proxy/logging.hpp"
#include "proxy/privileges.hpp"

#include <boost/asio/post.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace limpet {

namespace {

using namespace std::chrono_literals;

/// Descriptors that are neither a client's nor a member's: listeners, logs, etcd, the admin's, health
/// checks'.
constexpr std::uint64_t descriptors_reserved = 200;

std::uint32_t worker_count(const config::settings& settings) {
  if (settings.workers > 0) return settings.workers;
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  return static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&allowed)));
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

} // namespace

server::server(serve_options options, config::settings settings)
    : options_(std::move(options)), settings_(std::move(settings)), signals_(io_), timer_(io_),
      memory_trim_(io_, process_.connections), health_checker_(io_),
      control_(io_, [this](const auto& snapshot) {
        for (auto& w : workers_)
          w->publish(snapshot);
        health_checker_.apply(*snapshot);
      }) {
  process_.epochs = &control_;
  process_.strict = &control_;
  control_.set_workers(worker_count(settings_));
  for (const int number : {SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2})
    signals_.add(number);
  fit_limits();
  bind();
  // Before anything else is opened or begun: what a reload or a new log file will not be allowed is refused
  // now, when somebody looks.
  drop_privileges(settings_.user, settings_.group, unix_sockets_);
  if (::access(options_.config_path.c_str(), R_OK) != 0)
    spdlog::warn("{} cannot be read as user {}: reloads will be refused", options_.config_path, ::geteuid());
  make_workers();
}

void server::make_workers() {
  if (settings_.logging.access != "off")
    access_log_ = std::make_unique<ops::access_log>(settings_.logging.access);
  for (std::uint32_t i = 0; i < worker_count(settings_); ++i) {
    auto w = std::make_unique<worker>(process_, i);
    if (access_log_) {
      auto sink = access_log_->make_sink();
      w->every_tick([s = sink.get()] { s->flush(); });
      w->set_records(std::move(sink));
    }
    for (auto& listener : listeners_)
      w->add_listener(std::move(listener.fds[i]));
    workers_.push_back(std::move(w));
  }
  for (auto& listener : listeners_)
    listener.fds.clear();
}

server::~server() {
  control_.stop();
  if (admin_) admin_->stop();
  io_.destroy_handlers();
}

/// What the system does not give is not promised: connections need two descriptors each at the worst.
void server::fit_limits() {
  const auto descriptors = raise_descriptor_limit();
  const auto fits = static_cast<std::uint32_t>(std::min<std::uint64_t>(
      (descriptors - std::min(descriptors / 2, descriptors_reserved)) / 2, 0xffff'ffff));
  if (settings_.limits.connections > fits || settings_.limits.connections == 0) {
    spdlog::warn("limits.connections is {}, but {} open files allow {}: clamped (raise LimitNOFILE)",
                 settings_.limits.connections, descriptors, fits);
    settings_.limits.connections = fits;
  }
}

void server::bind() {
  for (const auto& listener : settings_.listeners) {
    auto opened = net::open_listen_sockets(listener.address.text, worker_count(settings_));
    if (!opened)
      throw std::runtime_error("cannot listen on " + listener.address.text + " (listener " + listener.name +
                               "): " + opened.error().message());
    if (!opened->unlink_path.empty()) unix_sockets_.push_back(opened->unlink_path);
    listeners_.push_back(std::move(*opened));
  }
  if (!settings_.admin.address) return;
  const auto& address = settings_.admin.address->text;
  auto opened = net::open_listen_sockets(address, 1);
  if (!opened)
    throw std::runtime_error("cannot listen on " + address + " (admin): " + opened.error().message());
  if (!opened->unlink_path.empty()) unix_sockets_.push_back(opened->unlink_path);
  admin_ = std::make_unique<ops::admin_server>(io_, std::move(*opened), *this);
  admin_->set_token(settings_.admin.token);
}

exit_code server::run() {
  control_.apply(settings_);
  for (auto& w : workers_)
    w->start();
  if (admin_) admin_->start();
  memory_trim_.start();
  await_signal();
  for (std::size_t i = 0; i < listeners_.size(); ++i)
    spdlog::info("listening on {} ({})", listeners_[i].address, settings_.listeners[i].name);
  if (admin_) spdlog::info("admin on {}", admin_->address());
  if (!options_.ready_file.empty()) write_ready_file();
  ::sd_notify(0, "READY=1");
  io_.run();

  for (auto& w : workers_)
    w->stop();
  if (access_log_) access_log_->stop();
  for (const auto& listener : listeners_)
    if (!listener.unlink_path.empty()) ::unlink(listener.unlink_path.c_str());
  return code_;
}

void server::write_ready_file() const {
  boost::json::object addresses;
  for (std::size_t i = 0; i < listeners_.size(); ++i)
    addresses[settings_.listeners[i].name] = listeners_[i].address;
  boost::json::object ready{{"pid", ::getpid()}, {"listeners", addresses}};
  if (admin_) ready["admin"] = admin_->address();
  const auto temporary = options_.ready_file + ".new";
  {
    std::ofstream file(temporary);
    file << boost::json::serialize(ready) << '\n';
    if (!file.flush()) throw std::runtime_error("cannot write " + temporary);
  }
  if (::rename(temporary.c_str(), options_.ready_file.c_str()) != 0)
    throw std::runtime_error("cannot write " + options_.ready_file);
}

void server::await_signal() {
  signals_.async_wait([this](boost::system::error_code error, int number) {
    if (error) return;
    on_signal(number);
    await_signal();
  });
}

void server::on_signal(int number) {
  switch (number) {
  case SIGHUP:
    return reload();
  case SIGUSR1:
    if (access_log_) access_log_->reopen();
    return;
  case SIGUSR2:
    return spdlog::warn("SIGUSR2: this release cannot hand over to a new binary; restart instead");
  case SIGQUIT:
    return finish(exit_code::clean);
  default:
    break;
  }
  if (stopping_) return finish(exit_code::forced);
  begin_drain();
}

/// A bad file changes nothing. What needs a restart stays as it runs, and is told of.
void server::reload() {
  if (is_leaving_) return spdlog::warn("no reload: the proxy is about to end");
  ::sd_notify(0, "RELOADING=1");
  auto loaded = config::load_file(options_.config_path);
  for (const auto& w : loaded.warnings)
    spdlog::warn("{}", config::to_string(w));
  for (const auto& e : loaded.errors)
    spdlog::error("{}", config::to_string(e));
  const auto together =
      loaded.ok() ? config::changes_for_all_proxies(settings_, loaded.settings) : std::vector<std::string>{};
  for (const auto& change : together)
    spdlog::error("{}", change);
  last_reload_ok_ = loaded.ok() && together.empty();
  if (!last_reload_ok_) {
    spdlog::error("reload refused, the configuration in force stays: {} has {} errors", options_.config_path,
                  loaded.errors.size() + together.size());
  } else {
    restart_needed_ = config::restart_needed(settings_, loaded.settings);
    for (const auto& key : restart_needed_)
      spdlog::warn("{} changed, which needs a restart: it stays as it is", key);
    const auto running = std::move(settings_);
    settings_ = std::move(loaded.settings);
    settings_.listeners = running.listeners;
    settings_.workers = running.workers;
    // Another address needs a restart, and the token is for that one: the socket that stays keeps its own.
    if (settings_.admin.address != running.admin.address) settings_.admin = running.admin;
    settings_.user = running.user;
    settings_.group = running.group;
    settings_.etcd = running.etcd;
    settings_.logging.access = running.logging.access;
    fit_limits();
    set_log_level(options_.log_level.value_or(settings_.logging.level));
    if (admin_) admin_->set_token(settings_.admin.token);
    control_.apply(settings_);
    last_reload_unix_s_ = std::time(nullptr);
    spdlog::info("reloaded {}", options_.config_path);
  }
  ::sd_notify(0, "READY=1");
}

/// Not ready at once; goes on as before for `delay`, so that whoever balances before us sees it; then lets
/// go.
void server::begin_drain() {
  if (std::exchange(stopping_, true)) return;
  ::sd_notify(0, "STOPPING=1");
  const auto& shutdown = control_.settings().shutdown;
  spdlog::info("draining: {} ms of delay, then {} ms at the most", shutdown.delay.count(),
               shutdown.drain.count());
  drain_ends_ = std::chrono::steady_clock::now() + shutdown.delay + shutdown.drain;
  timer_.expires_after(shutdown.delay);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) close_listeners();
  });
}

void server::close_listeners() {
  process_.draining.store(true, std::memory_order_relaxed);
  still_accepting_ = workers_.size();
  for (auto& w : workers_) {
    w->drain(control_.settings().shutdown.drain / 2);
    w->post([this](http::worker_state&) { boost::asio::post(io_, [this] { --still_accepting_; }); });
  }
  await_drained();
}

void server::await_drained() {
  if (still_accepting_ == 0 && process_.connections.count() == 0) return leave_pools();
  if (std::chrono::steady_clock::now() >= drain_ends_) {
    spdlog::warn("the drain's time is over: {} connections are cut", process_.connections.count());
    return finish(exit_code::unclean);
  }
  timer_.expires_after(20ms);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) await_drained();
  });
}

/// Whatever is given up counts for a while; nobody waits for longer than that here, and some time for etcd.
/// Others take out who has not left.
void server::leave_pools() {
  is_leaving_ = true;
  timer_.expires_after(control_.leaves_within() + 2s);
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    spdlog::warn(
        "not all pools could be left in order: other proxies wait for this one until its lease is over");
    finish(exit_code::clean);
  });
  control_.leave([this] { finish(exit_code::clean); });
  for (auto& w : workers_)
    w->post([](http::worker_state& state) { state.leave_strict(); });
}

void server::finish(exit_code code) {
  code_ = code;
  control_.stop();
  health_checker_.stop();
  memory_trim_.stop();
  if (admin_) admin_->stop();
  io_.stop();
}

} // namespace limpet
