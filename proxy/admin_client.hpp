#pragma once

#include <string>

namespace limpet {

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
