#include "proxy/agent/connections.hpp"

#include "proxy/net/socket_address.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

namespace limpet::agent {
namespace {

// include/net/tcp_states.h of Linux
constexpr unsigned state_established = 0x01;
constexpr unsigned state_close_wait = 0x08;
constexpr unsigned state_listen = 0x0a;

std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

template <class Number>
std::optional<Number> parse_hex(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string_view after_last_colon(std::string_view text) {
  return text.substr(text.rfind(':') + 1); // all of it where there is none
}

/// A line is `sl: local_address:port remote_address:port state …`, numbers in hexadecimal.
port_use use_in_line(std::string_view line, std::uint16_t port) {
  next_word(line);
  const auto local = parse_hex<std::uint16_t>(after_last_colon(next_word(line)));
  next_word(line);
  const auto state = parse_hex<unsigned>(next_word(line));
  if (!local || *local != port || !state) return {};
  return {.is_listened_on = *state == state_listen,
          .connections = *state == state_established || *state == state_close_wait ? 1U : 0U};
}

std::string read_table(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

port_use& port_use::operator+=(const port_use& other) noexcept {
  is_listened_on = is_listened_on || other.is_listened_on;
  connections += other.connections;
  return *this;
}

port_use use_of_port(std::string_view table, std::uint16_t port) {
  port_use use;
  while (!table.empty()) {
    const auto line = table.substr(0, table.find('\n'));
    use += use_in_line(line, port);
    table.remove_prefix(std::min(line.size() + 1, table.size()));
  }
  return use;
}

std::optional<std::size_t> count_connections(std::string_view address) {
  const auto at = net::split_host_port(address);
  if (!at) return std::nullopt;
  auto use = use_of_port(read_table("/proc/net/tcp"), at->port);
  use += use_of_port(read_table("/proc/net/tcp6"), at->port);
  if (!use.is_listened_on) return std::nullopt;
  return use.connections;
}

} // namespace limpet::agent
