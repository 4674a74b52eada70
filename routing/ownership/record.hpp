#pragma once

#include "routing/member.hpp"
#include "routing/view.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::ownership {

enum class record_state : std::uint8_t { prepare, committed };

/// The value of `view`: who owns a pool's sessions, and who is to own them next. Everything that placement
/// reads is in it, so that proxies with the same record place alike.
struct record {
  record_state state = record_state::committed;
  std::uint64_t revision = 0;           ///< its own mod_revision; 0: the store has no record yet
  std::uint64_t epoch = 0;              ///< the mod_revision of its PREPARE; a PREPARE's own
  std::vector<routing::member> members; ///< sorted by id
  std::uint64_t members_rev = 0;        ///< of the linearizable read that `members` are from
  std::vector<routing::member> base;    ///< of a PREPARE: the last committed members
  std::uint64_t base_epoch = 0;         ///< of a PREPARE: their epoch

  bool is_prepare() const noexcept { return state == record_state::prepare; }
  /// The last committed members, which serve until the next commit, and their epoch.
  const std::vector<routing::member>& committed_members() const noexcept {
    return is_prepare() ? base : members;
  }
  std::uint64_t committed_epoch() const noexcept { return is_prepare() ? base_epoch : epoch; }
};

/// Whether both are one owner: (id, incarnation, address). A member that restarts at the same id is another.
inline bool is_same_owner(const routing::member& one, const routing::member& other) noexcept {
  return one.id == other.id && one.incarnation == other.incarnation && one.address == other.address;
}

/// Whether `now` lacks an owner that `before` has.
bool lost_any(const std::vector<routing::member>& before, const std::vector<routing::member>& now) noexcept;

/// The PREPARE to write in place of `head`: the same base until a commit (rules 5 and 10). The store gives it
/// its revision and epoch.
record make_prepare(const record& head, std::vector<routing::member> members, std::uint64_t members_rev);
/// The committed record to write in place of a PREPARE.
record make_commit(const record& prepare);

/// Who owns which key by one record; immutable, made by the control thread and read by all workers (rule 6).
class owners {
public:
  /// Nobody owns anything: no record was read.
  owners() = default;
  explicit owners(const record& r);

  std::uint64_t revision() const noexcept { return revision_; }
  bool is_prepare() const noexcept { return is_prepare_; }
  /// What requests to members carry as Limpet-Epoch.
  std::uint64_t epoch() const noexcept { return epoch_; }
  /// The members that serve: the last committed ones.
  const routing::view& serving() const noexcept { return serving_; }
  /// Those that are to serve; empty but in a PREPARE.
  const routing::view& next() const noexcept { return next_; }

  /// Index into serving().members(), or view::npos where nobody owns the key.
  std::uint32_t owner(std::uint64_t key_hash) const noexcept;
  /// Whether a key waits for the commit of this record: it is not to be served before.
  bool moves(std::uint64_t key_hash) const noexcept { return is_prepare_ && has_another_owner(key_hash); }

private:
  bool has_another_owner(std::uint64_t key_hash) const noexcept;

  std::uint64_t revision_ = 0;
  std::uint64_t epoch_ = 0;
  bool is_prepare_ = false;
  routing::view serving_;
  routing::view next_;
};

/// "PREPARE" or "COMMITTED", as in the store.
std::string_view to_string(record_state s) noexcept;

} // namespace limpet::ownership
