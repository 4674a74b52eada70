#pragma once

#include "proxy/ops/metrics.hpp"
#include "proxy/ops/sample_set.hpp"

namespace limpet::ops {

/// What workers count, and zeros for what they have not counted yet.
void add_worker_counters(sample_set& set, const metrics_input& in);

/// What the control thread knows: pools, their sources and members, limits, the process.
void add_control_facts(sample_set& set, const metrics_input& in);

} // namespace limpet::ops
