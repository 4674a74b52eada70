#pragma once

#include "routing/ownership/boot_time.hpp"
#include "routing/ownership/record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace limpet::ownership {

/// `routers/`, `alive/`, `acks/` and `view` at one revision of the store, by a linearizable read.
struct barrier_reading {
  struct router {
    std::string incarnation; ///< "proxy.inc", as in the keys
    bool alive = false;
    std::uint64_t acknowledged = 0; ///< 0: nothing
  };
  std::uint64_t view_revision = 0; ///< mod_revision of `view`; 0: there is none
  std::vector<router> routers;     ///< the barrier set
  std::uint64_t store_revision = 0;
};

/// Moves the record on: PREPARE, commit and supersede (rules 5, 9 and 10). Every proxy has one, and any may
/// move it; the compare on mod_revision makes that safe, and each one's turn keeps them from doing it all at
/// once.
class mover_fsm {
public:
  struct pace {
    duration batch = std::chrono::milliseconds(100); ///< joins that come within this are one change
    duration poll = std::chrono::seconds(1);         ///< a PREPARE is looked at at least so often
    duration again = std::chrono::milliseconds(250); ///< after a failure
  };
  enum class action : std::uint8_t {
    wait,
    read_members, ///< `members/` and `drains/`, linearizable -> on_members_read
    read_barrier, ///< -> on_barrier_read, after on_record of a newer `view` that it found
    write,        ///< written() over written_over() -> on_record of it, on_conflict or on_failed
  };

  explicit mover_fsm(pace p) noexcept : pace_(p) {}

  /// Of changes to come, and of those that are still waited for.
  void set_batch(duration batch) noexcept { pace_.batch = batch; }

  action next(boot_time now) const noexcept;
  boot_time wake_at() const noexcept;
  /// One of read_members and write at a time; the caller sees to it that read_barrier is not begun twice.
  void on_sent(action what);

  /// The newest record that is known; of revision 0 where the store has none. Older ones are ignored.
  void on_record(const record& r, boot_time now);
  /// Members as a watch shows them, sorted by id: worth a look, and nothing more.
  void on_members_seen(std::vector<routing::member> members, std::uint64_t revision, boot_time now);
  /// Whether the watch shows an acknowledgement of the head by each of `routers/`, and how long this proxy
  /// lets others go first.
  void on_barrier_seen(bool all_acknowledged, duration turn, boot_time now) noexcept;

  void on_members_read(std::vector<routing::member> members, std::uint64_t revision, boot_time now);
  void on_barrier_read(const barrier_reading& reading, boot_time now);
  /// It was written, and on_record() knows it.
  void on_written() noexcept;
  /// Another has moved the record on.
  void on_conflict() noexcept;
  /// Of read_members or write; a write may have happened.
  void on_failed(boot_time now) noexcept;
  void on_barrier_read_failed(boot_time now) noexcept { again_ = now + pace_.again; }

  /// What the write under way says, to be made if `view` is of written_over(); 0: if there is none.
  const record& written() const noexcept { return writing_; }
  std::uint64_t written_over() const noexcept { return writing_over_; }
  std::uint64_t head_revision() const noexcept { return head_.revision; }
  const record& head() const noexcept { return head_; }

private:
  void look(boot_time now) noexcept;
  boot_time members_due() const noexcept;
  boot_time barrier_due() const noexcept;

  pace pace_;
  bool knows_head_ = false;
  record head_;
  std::vector<routing::member> seen_;
  std::uint64_t seen_rev_ = 0;
  boot_time differs_since_ = never; ///< seen_ asks for another record
  bool is_loss_ = false;            ///< an owner of the head is not in seen_
  boot_time acknowledged_since_ = never;
  boot_time poll_at_ = never; ///< of a PREPARE
  duration turn_{0};
  action under_way_ = action::wait;
  bool asks_for_head_ = false; ///< a write had no effect, or nobody knows
  boot_time again_ = long_ago;
  std::optional<record> planned_; ///< over head_
  record writing_;
  std::uint64_t writing_over_ = 0;
};

} // namespace limpet::ownership
