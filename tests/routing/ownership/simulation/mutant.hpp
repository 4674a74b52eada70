#pragma once

#include <array>
#include <string_view>

namespace limpet::ownership::simulation {

/// Departures from the rules, as in tests/model/README.md: each must be found. They are made by what stands
/// around the machines (store, workers, proxy), so that the machines under test are the real ones.
enum class mutant {
  none,
  leased_routers,
  cached_routers,
  ack_before_drain,
  receive_time,
  no_d,
  d_from_first_byte,
  old_acks,
  joiner_reads_first,
  two_steps,
  alive_again,
  exit_at_once,
  given_up_client,
  given_up_fence,
  chosen_uncounted,
  by_id,
  base_of_superseded,
  backwards,
  no_grace,
  no_fence,
  no_parking,
  ack_of_one_worker,
  serve_before_applied,
  uncut_incarnation,
};

struct named_mutant {
  mutant which;
  std::string_view name;
};

inline constexpr std::array mutants{
    named_mutant{mutant::leased_routers, "leased-routers"},
    named_mutant{mutant::cached_routers, "cached-routers"},
    named_mutant{mutant::ack_before_drain, "ack-before-drain"},
    named_mutant{mutant::receive_time, "receive-time"},
    named_mutant{mutant::no_d, "no-d"},
    named_mutant{mutant::d_from_first_byte, "d-from-first-byte"},
    named_mutant{mutant::old_acks, "old-acks"},
    named_mutant{mutant::joiner_reads_first, "joiner-reads-first"},
    named_mutant{mutant::two_steps, "two-steps"},
    named_mutant{mutant::alive_again, "alive-again"},
    named_mutant{mutant::exit_at_once, "exit-at-once"},
    named_mutant{mutant::given_up_client, "given-up-client"},
    named_mutant{mutant::given_up_fence, "given-up-fence"},
    named_mutant{mutant::chosen_uncounted, "chosen-uncounted"},
    named_mutant{mutant::by_id, "by-id"},
    named_mutant{mutant::base_of_superseded, "base-of-superseded"},
    named_mutant{mutant::backwards, "backwards"},
    named_mutant{mutant::no_grace, "no-grace"},
    named_mutant{mutant::no_fence, "no-fence"},
    named_mutant{mutant::no_parking, "no-parking"},
    named_mutant{mutant::ack_of_one_worker, "ack-of-one-worker"},
    named_mutant{mutant::serve_before_applied, "serve-before-applied"},
    named_mutant{mutant::uncut_incarnation, "uncut-incarnation"},
};

} // namespace limpet::ownership::simulation
