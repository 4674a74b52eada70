#pragma once

#include "routing/ownership/boot_time.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace limpet::ownership {

/// When this proxy acknowledges the record that it holds (rule 8): once every worker has applied that very
/// one, and has nothing in flight of a key that it moves.
class acknowledgement_fsm {
public:
  explicit acknowledgement_fsm(std::size_t workers) : words_(workers) {}

  /// The record that is held from now on; newer than the one before. The caller gives it to the workers.
  void on_record(std::uint64_t revision, bool is_prepare) noexcept;
  /// What a worker says: the record that it has applied, and whether nothing of a moved key is left there.
  /// That stays true while it holds the record, since moved keys are parked.
  void on_word(std::size_t worker, std::uint64_t revision, bool none_left) noexcept;

  /// Whether to write `acks/` now, with held(), guarded by `routers/` being there.
  bool wants_to_write(boot_time now) const noexcept;
  boot_time wake_at() const noexcept;
  void on_sent() noexcept;
  void on_written() noexcept;
  void on_failed(boot_time again) noexcept;
  /// What a read has found in `acks/`. A write that was thought lost may come in late, over a newer one.
  void on_read(std::uint64_t revision) noexcept;

  /// What the write under way says.
  std::uint64_t to_write() const noexcept { return sent_; }
  std::uint64_t held() const noexcept { return held_; }
  bool is_written() const noexcept { return written_ == held_; }
  /// The oldest record that any worker may serve by.
  std::uint64_t applied_by_all() const noexcept;
  /// Workers that still have work of moved keys, or have not applied the record held.
  std::size_t waits_for() const noexcept;

private:
  struct word {
    std::uint64_t revision = 0;
    bool none_left = false;
  };
  bool is_due() const noexcept {
    return is_prepare_ && written_ != held_ && !is_writing_ && waits_for() == 0;
  }

  std::vector<word> words_;
  std::uint64_t held_ = 0;
  bool is_prepare_ = false;
  bool is_writing_ = false;
  std::uint64_t sent_ = 0;    ///< what the write under way says
  std::uint64_t written_ = 0; ///< what the store is known to have
  boot_time again_ = long_ago;
};

} // namespace limpet::ownership
