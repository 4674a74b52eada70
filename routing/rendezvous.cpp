#include "routing/rendezvous.hpp"

#include "routing/neg_log2.hpp"

#include <algorithm>
#include <cstddef>

namespace limpet::routing {
namespace {

__extension__ typedef unsigned __int128 uint128;

/// The best member of a class, by score.
template <class Skip>
ranked best_of_class(const view::weight_class& c, std::uint64_t folded_key, Skip skip) {
  ranked best{view::npos, 0};
  std::uint64_t floor = 0; // the settled bits of the best score: what is below them has lost
  for (std::size_t i = 0; i < c.folded_ids.size(); ++i) {
    const std::uint64_t unfinished = mix_multiply(c.folded_ids[i] ^ folded_key);
    if (unfinished < floor) [[likely]]
      continue;
    const std::uint64_t score = mix_finish(unfinished);
    // Strictly higher: of two equal scores the smaller id, which comes first, stays.
    if ((score > best.score || best.member == view::npos) && !skip(c.members[i])) {
      best = {c.members[i], score};
      floor = score & mix_settled;
    }
  }
  return best;
}

struct weighted {
  ranked entry;
  std::uint64_t cost; ///< neg_log2 of the score
  std::uint32_t weight;
};

/// Whether `a` ranks before `b`.
bool before(const weighted& a, const weighted& b) noexcept {
  const uint128 left = static_cast<uint128>(a.cost) * b.weight;
  const uint128 right = static_cast<uint128>(b.cost) * a.weight;
  if (left != right) return left < right;
  if (a.entry.score != b.entry.score) return a.entry.score > b.entry.score;
  return a.entry.member < b.entry.member;
}

template <class Skip>
std::uint32_t best_of_view(const view& v, std::uint64_t key_hash, Skip skip) {
  const std::uint64_t folded_key = mix_fold(key_hash);
  const auto classes = v.classes();
  if (classes.size() == 1) return best_of_class(classes.front(), folded_key, skip).member;
  weighted best{{view::npos, 0}, 0, 0};
  for (const view::weight_class& c : classes) {
    const ranked entry = best_of_class(c, folded_key, skip);
    if (entry.member == view::npos) continue;
    const weighted candidate{entry, neg_log2(entry.score), c.weight};
    if (best.entry.member == view::npos || before(candidate, best)) best = candidate;
  }
  return best.entry.member;
}

} // namespace

std::uint32_t owner(const view& v, std::uint64_t key_hash) noexcept {
  return best_of_view(v, key_hash, [](std::uint32_t) { return false; });
}

std::uint32_t owner(const view& v, std::uint64_t key_hash, skip_function skip) {
  return best_of_view(v, key_hash, skip);
}

std::vector<ranked> ranking(const view& v, std::uint64_t key_hash) {
  std::vector<weighted> all;
  all.reserve(v.members().size());
  for (const view::weight_class& c : v.classes())
    for (const std::uint32_t m : c.members) {
      const std::uint64_t score = placement_score(key_hash, v.hashes(m).id);
      all.push_back({{m, score}, neg_log2(score), c.weight});
    }
  std::ranges::sort(all, before);
  std::vector<ranked> result;
  result.reserve(all.size());
  for (const weighted& w : all)
    result.push_back(w.entry);
  return result;
}

} // namespace limpet::routing
