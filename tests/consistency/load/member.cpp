// history_member: a stateful service that logs when each request begins and ends to execute.

#include "tests/consistency/load/list_keeper.hpp"
#include "tests/consistency/load/member_connection.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

namespace asio = boost::asio;
using namespace limpet::load;
using asio::ip::tcp;

/// A connection that broke is the other side's affair; anything else is ours, and ends the member.
void when_closed(const std::exception_ptr& thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const boost::system::system_error&) {
  }
}

asio::awaitable<void> accept(tcp::acceptor& acceptor, list_keeper& keeper) {
  for (;;) {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), serve_connection(std::move(socket), keeper), when_closed);
  }
}

tcp::endpoint endpoint_of(const std::string& address) {
  const auto colon = address.rfind(':');
  const auto port = parse_number(std::string_view(address).substr(colon + 1));
  if (colon == std::string::npos || !port || *port > 65535)
    throw std::runtime_error("--address is IP:PORT, not " + address);
  return {asio::ip::make_address(address.substr(0, colon)), static_cast<asio::ip::port_type>(*port)};
}

int run(int argc, char** argv) {
  std::string id, incarnation, address, store, log_file;
  unsigned work_us = 2000, slow_us = 0;
  double slow_share = 0;
  CLI::App app("A member of the consistency matrix");
  app.add_option("--id", id)->required();
  app.add_option("--incarnation", incarnation)->required();
  app.add_option("--address", address, "ip:port")->required();
  app.add_option("--store", store, "the folder that all members share")->required();
  app.add_option("--log", log_file, "what was executed when")->required();
  app.add_option("--work-us", work_us, "the most that an operation takes")->check(CLI::Range(0, 1'000'000));
  app.add_option("--slow-share", slow_share, "of operations, which take longer")->check(CLI::Range(0.0, 1.0));
  app.add_option("--slow-us", slow_us, "how long they take")->check(CLI::Range(0, 60'000'000));
  CLI11_PARSE(app, argc, argv);

  asio::io_context context(1);
  line_log log(log_file);
  list_keeper keeper(context.get_executor(),
                     {id + '/' + incarnation, std::chrono::microseconds(work_us), slow_share,
                      std::chrono::microseconds(slow_us)},
                     list_file(store, id + '-' + incarnation), log);
  tcp::acceptor acceptor(context, endpoint_of(address));
  asio::signal_set ends(context, SIGTERM, SIGINT);
  ends.async_wait([&](auto, int) { context.stop(); });
  asio::co_spawn(context, accept(acceptor, keeper), [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  std::puts("ready");
  std::fflush(stdout);
  context.run();
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "history_member: %s\n", error.what());
    return 1;
  }
}
