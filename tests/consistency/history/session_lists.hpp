#pragma once

#include "tests/consistency/history/bad_input.hpp"
#include "tests/consistency/history/history.hpp"
#include "tests/consistency/history/value_table.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace limpet::consistency {

/// One session's operations, arranged for all checks of its lists. Its values are numbered; the longest list
/// that anybody read is the canonical order. What is a prefix of it needs no look at its values ever after: a
/// value is in it where its position is below the list's size.
class session_lists {
public:
  static constexpr std::uint32_t none = value_table::none;

  struct append {
    const operation* op;
    std::uint32_t client; ///< counted within the session
    std::uint32_t number; ///< of its value
  };
  /// A read that was acknowledged.
  struct read {
    const operation* op;
    std::uint32_t client;
    bool is_prefix;           ///< of the canonical order
    std::uint32_t numbers_at; ///< where its numbers begin, if it is not
  };
  struct event {
    action what;
    std::uint32_t index; ///< into appends() or reads()
  };

  /// Takes the operations at `indices`, which are all of one session.
  void arrange(const history& h, std::span<const std::uint32_t> indices, bad_input& errors);

  const std::vector<append>& appends() const noexcept { return appends_; }
  const std::vector<read>& reads() const noexcept { return reads_; }
  std::uint32_t clients() const noexcept { return static_cast<std::uint32_t>(client_ends_.size()); }
  /// What the client did, in its order, but for reads that were not acknowledged.
  std::span<const event> events_of(std::uint32_t client) const noexcept;

  /// The read of the canonical order; null where nobody has read a value.
  const operation* canonical_read() const noexcept { return canonical_read_; }
  std::span<const std::uint32_t> canonical() const noexcept { return canonical_; }
  /// Of a list that is no prefix.
  std::span<const std::uint32_t> numbers_of(const read& r) const noexcept {
    return {numbers_.data() + r.numbers_at, r.op->list_size};
  }

  std::uint32_t values() const noexcept { return table_.size(); }
  std::uint64_t value_of(std::uint32_t number) const noexcept { return table_.value_of(number); }
  /// How long a prefix of the canonical order has to be to have this value; none: no prefix has it.
  std::uint32_t reach_of(std::uint32_t number) const noexcept { return reaches_[number]; }
  /// Into appends(); none: nobody appended it.
  std::uint32_t append_of(std::uint32_t number) const noexcept { return append_of_[number]; }

private:
  void sort_operations(const history& h, std::span<const std::uint32_t> indices, bad_input& errors);
  void choose_canonical(const history& h);
  void number_appends(const history& h, bad_input& errors);
  void number_reads(const history& h);
  std::uint32_t number_of(std::uint64_t value);

  value_table table_;
  std::vector<const operation*> sorted_;
  std::vector<append> appends_;
  std::vector<read> reads_;
  std::vector<event> events_;
  std::vector<std::uint32_t> client_ends_; ///< in events_
  const operation* canonical_read_ = nullptr;
  std::vector<std::uint32_t> canonical_;
  std::vector<std::uint32_t> numbers_; ///< of lists that are no prefixes
  std::vector<std::uint32_t> reaches_;
  std::vector<std::uint32_t> append_of_;
};

} // namespace limpet::consistency
