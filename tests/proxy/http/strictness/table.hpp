#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace limpet::strictness {

/// A request as it should arrive at the member, whatever its framing.
struct arrived_request {
  std::string method, target, host, body;
  friend bool operator==(const arrived_request&, const arrived_request&) = default;
};

/// What the member does when it has sent its answer.
enum class member_end { stays, closes };

/// One message, or several on a connection, and what should come of it. README.md beside the data says how
/// the files are written.
struct table_case {
  std::string name;
  std::string rfc;    ///< what the standard says
  std::string sent;   ///< the client's bytes
  std::string answer; ///< the member's; empty: whatever is right
  member_end end = member_end::stays;

  std::string client;    ///< as told_of() words it: "200 kept", "400 closed", "cut"
  std::string body;      ///< of the last answer, where the case says so
  bool has_body = false; ///< whether it does
  std::vector<arrived_request> member;
  bool may_begin = false;         ///< the member may see the beginning of a request that never ends
  std::vector<std::string> has;   ///< lines of the first request's (answer's) head
  std::vector<std::string> lacks; ///< field names that it does not have
  bool is_reused = true;          ///< answers: the member's connection serves another request
};

struct family {
  std::string name;
  std::vector<table_case> cases;
};

/// All families of a folder, one a file, in the order of their names. Throws std::runtime_error with file and
/// line where a file is not as it should be.
std::vector<family> read_table(const std::string& folder);

/// Takes the escapes out of a line: \r \n \t \0 \\ \xNN, and \(text*3) for three times the text. Throws
/// std::runtime_error where one is malformed.
std::string unescaped(std::string_view text);
/// The other way round, for messages: what cannot be printed as an escape.
std::string escaped(std::string_view bytes);

} // namespace limpet::strictness
