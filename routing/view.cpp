#include "routing/view.hpp"

#include "routing/mix64.hpp"

#include <xxhash.h>

#include <algorithm>
#include <numeric>
#include <string>

namespace limpet::routing {
namespace {

constexpr std::uint64_t checksum_mask = (std::uint64_t{1} << 52) - 1;

/// The same bytes on every machine, whatever its byte order.
void append_number(std::string& out, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8)
    out.push_back(static_cast<char>(value >> shift & 0xff));
}

/// With its length in front, so that no two lists of texts give the same bytes.
void append_text(std::string& out, std::string_view text) {
  append_number(out, text.size());
  out.append(text);
}

std::uint64_t checksum_of(std::span<const member> members) {
  std::string bytes;
  for (const member& m : members) {
    append_text(bytes, m.id);
    append_text(bytes, m.incarnation);
    append_text(bytes, m.address);
    append_number(bytes, m.weight);
    append_number(bytes, static_cast<std::uint64_t>(m.state));
  }
  return hash_bytes(bytes) & checksum_mask;
}

} // namespace

std::uint64_t hash_bytes(std::string_view bytes) noexcept {
  return XXH3_64bits(bytes.data(), bytes.size());
}

view::view(std::vector<member> members, std::uint64_t epoch) : members_(std::move(members)), epoch_(epoch) {
  std::ranges::stable_sort(members_, {}, &member::id);
  const auto same_id = [](const member& a, const member& b) { return a.id == b.id; };
  members_.erase(std::unique(members_.begin(), members_.end(), same_id), members_.end());
  for (member& m : members_)
    m.weight = std::clamp<std::uint32_t>(m.weight, 1, member_weight_max);
  index_hashes();
  build_classes();
  checksum_ = checksum_of(members_);
}

void view::index_hashes() {
  hashes_.reserve(members_.size());
  for (const member& m : members_)
    hashes_.push_back({hash_bytes(m.id), hash_bytes(m.incarnation)});
  by_id_hash_.resize(members_.size());
  std::iota(by_id_hash_.begin(), by_id_hash_.end(), 0u);
  std::ranges::stable_sort(by_id_hash_, {}, [this](std::uint32_t i) { return hashes_[i].id; });
}

void view::build_classes() {
  std::vector<std::uint32_t> ready;
  for (std::uint32_t i = 0; i < members_.size(); ++i)
    if (members_[i].state == member_state::ready) ready.push_back(i);
  std::ranges::stable_sort(ready, {}, [this](std::uint32_t i) { return members_[i].weight; });
  for (const std::uint32_t i : ready) {
    if (classes_.empty() || classes_.back().weight != members_[i].weight)
      classes_.push_back({members_[i].weight, {}, {}});
    classes_.back().folded_ids.push_back(mix_fold(hashes_[i].id));
    classes_.back().members.push_back(i);
  }
}

std::uint32_t view::find(std::string_view id) const noexcept {
  const auto at =
      std::ranges::lower_bound(members_, id, {}, [](const member& m) { return std::string_view(m.id); });
  if (at == members_.end() || at->id != id) return npos;
  return static_cast<std::uint32_t>(at - members_.begin());
}

std::uint32_t view::find_by_id_hash(std::uint64_t id_hash) const noexcept {
  const auto at =
      std::ranges::lower_bound(by_id_hash_, id_hash, {}, [this](std::uint32_t i) { return hashes_[i].id; });
  return at == by_id_hash_.end() || hashes_[*at].id != id_hash ? npos : *at;
}

} // namespace limpet::routing
