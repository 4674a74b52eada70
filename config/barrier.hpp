#pragma once

#include "config/config.hpp"
#include "config/reader.hpp"
#include "config/section.hpp"
#include "routing/ownership/limits.hpp"

#include <string>
#include <vector>

namespace limpet::config {

ownership::barrier_limits limits_of(const barrier_settings& b) noexcept;

/// Whether proxies with the one and the other may serve one pool together: where any of them hands over by a
/// barrier, both do, with the same cluster, key sources and times.
bool agree_on_owners(const pool& one, const pool& other);

/// 16 hexadecimal digits of how session keys are taken from requests: proxies with different ones would place
/// one session differently.
std::string keys_digest(const session_settings& session);

/// "window/work_max/margin/drift", in milliseconds and thousandths: what a grace rests on.
std::string limits_text(const barrier_settings& b);

/// What a reload may not change, in words: whatever all proxies of a pool have to change together.
std::vector<std::string> changes_for_all_proxies(const settings& running, const settings& loaded);

/// What keeps a pool from handing over by a barrier, with the reason.
void check_barrier(const pool& p, const place& at, reader& r);

} // namespace limpet::config
