#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace limpet::demo {

/// What each session may hold, and all of them together. Past a limit a write is refused; nothing is ever
/// evicted, since a session that quietly loses its state is what this program exists to show.
struct store_limits {
  std::size_t sessions = 10'000;
  std::size_t keys_per_session = 256;
  std::size_t name_bytes = 1024; ///< of a session's name and of a key
  std::size_t value_bytes = 64 * 1024;
  std::size_t total_bytes = 256 << 20; ///< keys and values of all sessions
};

/// The state that makes this member worth returning to: a map and a counter per session, in memory, on one
/// thread.
class store {
public:
  enum class put_outcome : std::uint8_t { created, replaced, name_too_long, value_too_long, full };

  explicit store(store_limits limits = {}) : limits_(limits) {}

  put_outcome put(std::string_view session, std::string_view key, std::string_view value);
  /// The value, until the next change; nothing where there is none.
  std::optional<std::string_view> get(std::string_view session, std::string_view key) const;
  /// False where there was nothing to erase.
  bool erase(std::string_view session, std::string_view key);

  /// Adds one to the session's counter and returns it; nothing where there is no room for another session.
  std::optional<std::uint64_t> count(std::string_view session);
  std::uint64_t counter(std::string_view session) const;

  std::size_t sessions() const noexcept { return sessions_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }
  const store_limits& limits() const noexcept { return limits_; }

private:
  struct string_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct session_state {
    std::uint64_t counter = 0;
    std::map<std::string, std::string, std::less<>> values;
  };

  const session_state* find(std::string_view session) const;
  session_state* find_or_add(std::string_view session);

  store_limits limits_;
  std::unordered_map<std::string, session_state, string_hash, std::equal_to<>> sessions_;
  std::size_t bytes_ = 0;
};

} // namespace limpet::demo
