#pragma once

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

} // namespace limpet
