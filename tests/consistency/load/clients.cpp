// history_clients: sequential clients that append to lists and read them, through several proxies, and write
// down what came of it. Ends with a line of JSON.

#include "tests/consistency/load/actor.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
using namespace limpet::load;
using asio::ip::tcp;

constexpr std::chrono::milliseconds look_every{20};

struct options {
  std::vector<std::string> proxies;
  std::size_t sessions = 40, clients = 48;
  std::uint64_t operations = 50'000;
  unsigned seconds = 60, answer_limit_ms = 5000;
  unsigned think_ms = 0, session_operations = 60;
  bool until_stdin_ends = false;
  std::string log, latencies;
  std::uint64_t seed = 1;
  load_settings load;
};

tcp::endpoint endpoint_of(const std::string& address) {
  const auto colon = address.rfind(':');
  const auto port = parse_number(std::string_view(address).substr(colon + 1));
  if (colon == std::string::npos || !port || *port > 65535)
    throw std::runtime_error("--proxies are IP:PORT,..., not " + address);
  return {asio::ip::make_address(address.substr(0, colon)), static_cast<asio::ip::port_type>(*port)};
}

void rethrow(const std::exception_ptr& thrown) {
  if (thrown) std::rethrow_exception(thrown);
}

/// Says when it is over: by the clock at the latest.
asio::awaitable<void> watch(const options& o, load_state& state, const bool& stdin_ended) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(o.seconds);
  asio::steady_timer pause(co_await asio::this_coro::executor);
  const auto is_enough = [&] {
    return state.counted.operations() >= o.operations && (stdin_ended || !o.until_stdin_ends);
  };
  while (!is_enough() && std::chrono::steady_clock::now() < end) {
    pause.expires_after(look_every);
    co_await pause.async_wait(asio::use_awaitable);
  }
  state.is_over = true;
}

void run(options& o) {
  for (const auto& proxy : o.proxies)
    o.load.proxies.push_back(endpoint_of(proxy));
  o.load.think = std::chrono::milliseconds(o.think_ms);
  o.load.answer_limit = std::chrono::milliseconds(o.answer_limit_ms);
  line_log log(o.log);
  load_state state{
      o.load, session_names(o.sessions, "s", o.session_operations), log, {}, std::mt19937_64(o.seed)};

  asio::io_context context(1);
  std::vector<actor> actors;
  for (std::size_t number = 0; number < o.clients; ++number)
    actors.emplace_back(context.get_executor(), state, number);
  for (auto& one : actors)
    asio::co_spawn(context, one.run(), rethrow);

  bool stdin_ended = false;
  char ignored = 0;
  asio::posix::stream_descriptor input(context);
  if (o.until_stdin_ends) {
    input.assign(::dup(STDIN_FILENO));
    input.async_read_some(asio::buffer(&ignored, 1), [&](auto, std::size_t) { stdin_ended = true; });
  }
  asio::co_spawn(context, watch(o, state, stdin_ended), [&](const std::exception_ptr& thrown) {
    input.close();
    rethrow(thrown);
  });
  const auto begin = now_ns();
  context.run();
  const auto seconds = static_cast<double>(now_ns() - begin) / 1e9;
  if (!o.latencies.empty()) state.counted.write_latencies(o.latencies);
  std::puts(state.counted.json(seconds).c_str());
}

} // namespace

int main(int argc, char** argv) {
  options o;
  CLI::App app("Clients of the consistency matrix");
  const CLI::Range share(0.0, 1.0);
  app.add_option("--proxies", o.proxies, "ip:port,...")->required()->delimiter(',');
  app.add_option("--log", o.log, "the history")->required();
  app.add_option("--sessions", o.sessions, "that are in use at once")->check(CLI::Range(1, 100'000));
  app.add_option("--clients", o.clients, "more than sessions: some share one")->check(CLI::Range(1, 100'000));
  app.add_option("--operations", o.operations, "to be done at the least");
  app.add_option("--seconds", o.seconds, "to be over at the latest");
  app.add_flag("--until-stdin-ends", o.until_stdin_ends,
               "go on as long as that, even with all operations done");
  app.add_option("--websocket-share", o.load.websocket_share, "of operations")->check(share);
  app.add_option("--give-up-share", o.load.give_up_share, "of operations")->check(share);
  app.add_option("--answer-limit-ms", o.answer_limit_ms, "how long an answer is waited for");
  app.add_option("--session-operations", o.session_operations, "of a session, until another one begins");
  app.add_option("--think-ms", o.think_ms, "between two operations of a client, on the average");
  app.add_option("--seed", o.seed);
  app.add_option("--latencies", o.latencies,
                 "file for the latency of each operation that is ok, in microseconds");
  CLI11_PARSE(app, argc, argv);
  try {
    run(o);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "history_clients: %s\n", error.what());
    return 1;
  }
}
