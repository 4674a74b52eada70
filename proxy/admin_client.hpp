#pragma once

#include <string>

namespace limpet {

/// Asks for a path on an admin server, "host:port" or "[v6]:port"; waits 10 s at the most, takes 16 MiB at
/// the most. Shows `token` where it is not empty. Returns the content. Throws std::runtime_error where nobody
/// answers, or with another status than 200, with what the server said.
/// `method` is GET or another one that needs no content.
std::string ask_admin(const std::string& address, const std::string& target, const std::string& token,
                      const std::string& method = "GET");

} // namespace limpet
