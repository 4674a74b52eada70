#include "routing/neg_log2.hpp"
#include "routing/placement.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

// What a request pays for its placement. Keys differ from one call to the next, so that the branches are
// those of a real mix of sessions.

namespace limpet::routing {
namespace {

/// `member_count` members whose weights go round from 1 to `weight_count`.
view make_view(std::int64_t member_count, std::int64_t weight_count) {
  std::vector<member> members;
  for (std::int64_t i = 0; i < member_count; ++i) {
    member m;
    m.id = std::to_string(i);
    m.weight = static_cast<std::uint32_t>(i % weight_count + 1);
    members.push_back(m);
  }
  return view(std::move(members), 1);
}

std::uint64_t next_key(std::uint64_t key) noexcept {
  return key * 6'364'136'223'846'793'005 + 1;
}

void owner_of_hash(benchmark::State& state) {
  const view v = make_view(state.range(0), state.range(1));
  std::uint64_t key = 1;
  for (auto _ : state) {
    key = next_key(key);
    benchmark::DoNotOptimize(owner(v, key));
  }
}
BENCHMARK(owner_of_hash)
    ->ArgNames({"members", "weights"})
    ->ArgsProduct({{3, 20, 1000, 10'000}, {1}})
    ->ArgsProduct({{3, 1000}, {3}})
    ->ArgsProduct({{1000}, {100}});

void next_of_hash(benchmark::State& state) {
  const view v = make_view(state.range(0), 1);
  std::uint64_t key = 1;
  for (auto _ : state) {
    key = next_key(key);
    const std::uint32_t down = owner(v, key);
    benchmark::DoNotOptimize(owner(v, key, [down](std::uint32_t m) { return m == down; }));
  }
}
BENCHMARK(next_of_hash)->ArgName("members")->Arg(3)->Arg(1000);

/// The whole decision, from the bytes of a 36-byte key.
void place_key(benchmark::State& state) {
  const view v = make_view(state.range(0), 1);
  std::string key = "7d444840-9dc0-11d1-b245-5ffdce74fad2";
  std::uint64_t number = 1;
  for (auto _ : state) {
    number = next_key(number);
    key[0] = static_cast<char>(number >> 56);
    const auto session = placement_key::of_request(hash_bytes(key));
    benchmark::DoNotOptimize(place(v, session, {}, 0, [](std::uint32_t) { return false; }));
  }
}
BENCHMARK(place_key)->ArgName("members")->Arg(3)->Arg(100)->Arg(1000)->Arg(10'000);

void place_pinned(benchmark::State& state) {
  const view v = make_view(state.range(0), 1);
  const placement_policy policy{.pin = true};
  placement_key session{placement_key::origin::token, 1, 0, 0};
  std::uint64_t number = 1;
  for (auto _ : state) {
    number = next_key(number);
    const auto pin = v.hashes(static_cast<std::uint32_t>((number >> 33) % v.members().size()));
    session.pin_id_hash = pin.id;
    session.pin_incarnation_hash = pin.incarnation;
    benchmark::DoNotOptimize(place(v, session, policy, 0, [](std::uint32_t) { return false; }));
  }
}
BENCHMARK(place_pinned)->ArgName("members")->Arg(3)->Arg(1000);

/// What a change of members costs the control thread: the members are copied, as a source's list is, and a
/// view made of them.
void build_view(benchmark::State& state) {
  std::vector<member> members;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    member m;
    m.id = "backend-" + std::to_string(i);
    m.address = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":9001";
    m.incarnation = "1a2b3c4d5e6f7a8b";
    members.push_back(m);
  }
  for (auto _ : state) {
    view v(members, 1);
    benchmark::DoNotOptimize(v);
  }
}
BENCHMARK(build_view)->ArgName("members")->Arg(3)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

void logarithm(benchmark::State& state) {
  std::uint64_t score = 1;
  for (auto _ : state) {
    score = next_key(score);
    benchmark::DoNotOptimize(neg_log2(score));
  }
}
BENCHMARK(logarithm);

} // namespace
} // namespace limpet::routing
