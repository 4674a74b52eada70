#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What clients ask of members, over HTTP and in a WebSocket's messages. Pure: text in, text out.
//
//   POST /s/SESSION/append?value=V&operation=NAME   append NAME V    ok NAME LENGTH
//   GET  /s/SESSION?operation=NAME                  read NAME        list NAME V,V,...   (or - for the empty
//   list) GET  /s/SESSION/socket                          the WebSocket

namespace limpet::load {

using list = std::vector<std::uint64_t>;

enum class kind : std::uint8_t { append, read };

struct operation {
  kind what = kind::read;
  std::string session;
  std::string name; ///< unique in a history
  std::uint64_t value = 0;
};

/// Letters, digits and '-', 1 to 64: a name is a word of a line in a log, and a session's names a file.
bool is_name(std::string_view text) noexcept;

/// What an HTTP request asks for; nothing where it asks for anything else.
std::optional<operation> parse_request(std::string_view method, std::string_view target);
/// The session whose WebSocket is to be opened by this target.
std::optional<std::string> parse_socket_target(std::string_view target);
/// What a message in the WebSocket of `session` asks for.
std::optional<operation> parse_message(std::string_view session, std::string_view text);

std::string_view method_of(const operation& o) noexcept;
std::string target_of(const operation& o);
std::string socket_target_of(std::string_view session);
std::string message_of(const operation& o);

/// "1,2,3", or "-" for the empty list.
std::string to_text(const list& values);
/// Nothing where it is not such a text.
std::optional<list> parse_list(std::string_view text);

/// A whole number without a sign; nothing where there is anything else, or it is too large.
std::optional<std::uint64_t> parse_number(std::string_view text) noexcept;

} // namespace limpet::load
