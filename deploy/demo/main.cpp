// limpet-demo-member: a small stateful service to stand behind a sticky proxy.

#include "deploy/demo/server.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>

namespace {

namespace asio = boost::asio;
namespace demo = limpet::demo;

constexpr std::chrono::seconds drain_time{5};

std::string random_incarnation() {
  std::random_device entropy;
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%08x%08x", entropy(), entropy());
  return text.data();
}

/// "127.0.0.1:9001" or "[::1]:9001", numeric; port 0 takes a free one.
asio::ip::tcp::endpoint parse_endpoint(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) throw std::runtime_error("--address is HOST:PORT, not " + text);
  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const auto port = std::stoul(text.substr(colon + 1));
  if (port > 65535) throw std::runtime_error("there is no port " + std::to_string(port));
  return {asio::ip::make_address(host), static_cast<asio::ip::port_type>(port)};
}

std::string to_string(const asio::ip::tcp::endpoint& address) {
  const auto host = address.address().to_string();
  return (address.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(address.port());
}

/// Whoever waits for the file sees all of it or none.
void write_ready_file(const std::filesystem::path& path, const demo::service& s, const std::string& address) {
  const boost::json::object ready{
      {"pid", ::getpid()}, {"id", s.id}, {"incarnation", s.incarnation}, {"address", address}};
  const auto unfinished = std::filesystem::path(path) += ".unfinished";
  std::ofstream file(unfinished);
  file << boost::json::serialize(ready) << '\n';
  file.close();
  if (!file) throw std::runtime_error("cannot write " + unfinished.string());
  std::filesystem::rename(unfinished, path);
}

struct options {
  std::string id = "demo";
  std::string address = "127.0.0.1:0";
  std::string ready_file;
};

void run(const options& chosen) {
  asio::io_context io(1);
  demo::service service{.id = chosen.id, .incarnation = random_incarnation(), .sessions = demo::store()};
  demo::server server(io, parse_endpoint(chosen.address), service);
  asio::signal_set signals(io, SIGTERM, SIGINT);
  asio::steady_timer deadline(io);

  signals.async_wait([&](boost::system::error_code error, int) {
    if (error) return;
    deadline.expires_after(drain_time);
    deadline.async_wait([&](boost::system::error_code) { io.stop(); });
    signals.async_wait([&](boost::system::error_code, int) { io.stop(); });
    server.drain([&] { io.stop(); });
  });

  const auto address = to_string(server.address());
  server.start();
  if (!chosen.ready_file.empty()) write_ready_file(chosen.ready_file, service, address);
  std::printf("member %s, incarnation %s, on %s\n", service.id.c_str(), service.incarnation.c_str(),
              address.c_str());
  std::fflush(stdout);
  io.run();
}

} // namespace

int main(int argc, char** argv) {
  options chosen;
  CLI::App app("A small stateful service: a key-value store and a counter for each session, in memory.");
  app.add_option("--id", chosen.id, "Name in answers, and in the X-Member field")->capture_default_str();
  app.add_option("--address", chosen.address, "HOST:PORT to listen on; port 0 takes a free one")
      ->capture_default_str();
  app.add_option("--ready-file", chosen.ready_file, "Written as JSON once requests are answered");
  CLI11_PARSE(app, argc, argv);
  try {
    run(chosen);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "limpet-demo-member: %s\n", error.what());
    return 1;
  }
}
