#pragma once

#include "routing/function_ref.hpp"
#include "routing/ownership/boot_time.hpp"

#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace limpet::ownership {

class parking;

/// A request that waits for the commit of its session's move. Part of whatever waits; one that goes away
/// leaves its place.
class parking_place
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
  parking_place() = default;
  parking_place(const parking_place&) = delete;
  parking_place& operator=(const parking_place&) = delete;
  ~parking_place();

  bool waits() const noexcept { return parking_ != nullptr; }
  std::uint64_t key_hash() const noexcept { return key_hash_; }

private:
  friend class parking;
  parking* parking_ = nullptr;
  std::uint64_t key_hash_ = 0;
  std::size_t bytes_ = 0;
  boot_time since_ = never;
  boot_time until_ = never;
};

/// The requests of one worker and one strict pool that wait for a commit, in the order that they came (rules
/// 6, 9 and 11). All limits hold together.
class parking {
public:
  struct limits {
    std::size_t per_session = 32;
    std::size_t requests = 1024;  ///< of this worker
    std::size_t bytes = 16 << 20; ///< of heads and contents that were read, of this worker
    duration time = std::chrono::seconds(10);
  };
  enum class verdict : std::uint8_t { parked, session_full, full, too_many_bytes };

  explicit parking(limits l) noexcept : limits_(l) {}
  parking(const parking&) = delete;

  /// `bytes`: what the request holds in memory while it waits. `since`: now, or when it was parked first,
  /// where its session moves again: it has one time for all, and is in front of those that came after that.
  verdict park(parking_place& p, std::uint64_t key_hash, std::size_t bytes, boot_time since);
  /// It waits no more: its client has gone, or it was released otherwise.
  void leave(parking_place& p) noexcept;

  /// Lets those go whose key does not move any more, in the order in which they came: `resume` is called for
  /// each after it has left its place, and may park others, or end any.
  void release(function_ref<bool(std::uint64_t key_hash)> moves, function_ref<void(parking_place&)> resume);
  /// The same for those that have waited for as long as they may.
  void expire(boot_time now, function_ref<void(parking_place&)> refuse);
  /// When expire() has something to do.
  boot_time next_expiry() const noexcept { return waiting_.empty() ? never : waiting_.front().until_; }

  std::size_t requests() const noexcept { return count_; }
  std::size_t bytes() const noexcept { return bytes_; }
  const limits& bounds() const noexcept { return limits_; }
  /// For whoever comes from now on; but none is refused for its time before those that wait already.
  void set_bounds(const limits& l) noexcept { limits_ = l; }

private:
  using list = boost::intrusive::list<parking_place, boost::intrusive::constant_time_size<false>>;

  limits limits_;
  list waiting_;
  std::unordered_map<std::uint64_t, std::size_t> per_session_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

inline parking_place::~parking_place() {
  if (parking_) parking_->leave(*this);
}

/// As a label of limpet_parked_refused_total.
std::string_view to_string(parking::verdict v) noexcept;

} // namespace limpet::ownership
