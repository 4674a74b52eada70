#include "tests/bench/tools/answers.hpp"

#include "tests/bench/tools/websocket.hpp"

#include <charconv>
#include <strings.h>

namespace limpet::bench {

namespace {

std::string with_body(const std::string& member, std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Member: " + member +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

/// The value of a field, or nothing. The proxies write their heads themselves, so white space is known.
std::string_view field(std::string_view head, std::string_view name) {
  for (auto at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    const auto line = head.substr(at + 2);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    const auto value = line.substr(name.size() + 1, line.find("\r\n") - name.size() - 1);
    return value.substr(std::min(value.find_first_not_of(' '), value.size()));
  }
  return {};
}

} // namespace

answers::answers(const std::string& member)
    : member_(member), small_(with_body(member, std::string(100, 's'))),
      large_(with_body(member, std::string(16 * 1024, 'l'))),
      larger_(with_body(member, std::string(128 * 1024, 'L'))),
      huge_(with_body(member, std::string(1024 * 1024, 'h'))),
      tunnel_("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Member: " +
              member + "\r\nSec-WebSocket-Accept: " + std::string(handshake_accept) + "\r\n\r\n") {}

answer answers::to(std::string_view head) const {
  const auto path = head.substr(head.find(' ') + 1);
  answer a;
  a.fixed = small_;
  if (!head.starts_with("GET ")) {
    const auto length = field(head, "Content-Length");
    std::from_chars(length.data(), length.data() + length.size(), a.body_bytes);
  } else if (path.starts_with("/16k ")) {
    a.fixed = large_;
  } else if (path.starts_with("/128k ")) {
    a.fixed = larger_;
  } else if (path.starts_with("/1m ")) {
    a.fixed = huge_;
  } else if (path.starts_with("/ws ") && field(head, "Sec-WebSocket-Key") == handshake_key) {
    a.fixed = tunnel_;
    a.opens_tunnel = true;
  } else if (path.starts_with("/echo ")) {
    a.fixed = {};
    a.made = with_body(member_, head);
  }
  return a;
}

} // namespace limpet::bench
