#pragma once

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace limpet {

/// Where a proxy's admin server is asked unless the command line says otherwise.
inline constexpr std::string_view default_admin_address = "127.0.0.1:9901";

/// What LIMPET_ADMIN_TOKEN says; empty where it is not set.
std::string admin_token();

struct admin_answer {
  unsigned status = 0;
  std::string content;
};

/// Asks for a path on an admin server, "host:port" or "[v6]:port"; waits 10 s at the most, takes 16 MiB at
/// the most. `method` is GET or another one that needs no content. Shows `token` where it is not empty.
/// Throws std::runtime_error where nobody answers, or the token is not the right one.
admin_answer send_admin(const std::string& address, const std::string& method, const std::string& target,
                        const std::string& token);

/// The same, and returns the content. Throws, too, with another status than 200, with what the server said.
std::string ask_admin(const std::string& address, const std::string& target, const std::string& token,
                      const std::string& method = "GET");

/// What it told, as JSON. Throws std::runtime_error where that is no object, or has no `key`: any server may
/// answer 200, and one that is not Limpet's knows nothing of what was asked.
boost::json::object parse_admin_answer(const std::string& address, const std::string& content,
                                       std::string_view key);

} // namespace limpet
