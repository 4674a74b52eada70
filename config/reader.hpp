#pragma once

#include "config/issue.hpp"
#include "config/load.hpp"
#include "config/node.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::config {

/// What is wrong with a value, said without its place.
struct problem {
  std::string message;
  std::string hint;
};

inline constexpr std::size_t issues_max = 100;          ///< errors kept of one file; the rest are counted
inline constexpr std::size_t scalar_bytes_max = 65'536; ///< of one value after ${...} is replaced

/// `text` in quotes for a message: control characters as "?", cut after 64 bytes. Files are hostile,
/// terminals obey.
std::string quoted(std::string_view text);

/// Carries what reading a document needs: the environment, where in the tree the reading is, and the issues
/// found so far.
class reader {
public:
  /// With no environment `$` is a plain character.
  reader(std::string file, environment_function environment);

  /// While it lives, messages name this key, below those of the scopes around it.
  class scope {
  public:
    scope(reader& r, std::string_view key);
    scope(reader& r, std::size_t index);
    ~scope();
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;

  private:
    reader& reader_;
    std::size_t length_before_;
  };

  void error(position where, std::string message, std::string hint = {});
  void error(position where, const problem& what) { error(where, what.message, what.hint); }
  void warning(position where, std::string message, std::string hint = {});

  /// Whether the value at this place was refused, so that what it would have been is not known.
  bool refused(position where) const;

  /// The text of a scalar, with ${NAME}, ${NAME:-default} and $$ replaced. Nothing, and an error, where it is
  /// no scalar or a variable without a default is not set.
  std::optional<std::string> text(const node& value, std::string_view wanted);
  /// True where `value` is a `wanted`, a list or map; else an error.
  bool is(node::kind wanted, const node& value);

  /// Reads only these keys at the top of the document, and passes over the others whatever they hold.
  void only(std::vector<std::string> top_keys) { only_ = std::move(top_keys); }
  /// Whether the key stands at the top of the document and is not among those to read.
  bool passes_over(std::string_view key) const;
  /// Whether only part of the document counts, so that its other parts may be missing.
  bool partial() const { return !only_.empty(); }

  /// Both in the order of their places, each issue once.
  std::vector<issue> take_errors();
  std::vector<issue> take_warnings();

private:
  std::optional<std::string> expand(std::string_view text, position where);
  std::optional<std::string> variable(std::string_view reference, position where);
  void add(std::vector<issue>& to, position where, std::string message, std::string hint);

  std::string file_;
  environment_function environment_;
  std::string path_;
  std::vector<std::string> only_;
  std::vector<issue> errors_;
  std::vector<issue> warnings_;
  std::size_t left_out_ = 0;
};

} // namespace limpet::config
