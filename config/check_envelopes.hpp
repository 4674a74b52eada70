#pragma once

#include "config/config.hpp"
#include "config/node.hpp"
#include "config/reader.hpp"

#include <string>

namespace limpet::config {

/// Whether a browser may meet both pools under one host.
bool share_a_host(const settings& s, const std::string& a, const std::string& b);

/// A pool with an envelope needs keys to sign it with. `session` is where the pool's section stands.
void check_envelopes(const settings& s, const pool& p, const place& session, reader& r);

/// A session that the next request places by its key alone cannot be moved on past a member. `at` is the
/// pool's place.
void check_bounded_load(const pool& p, const place& at, reader& r);

/// Warns of cookies of one pool that a browser may send to another, where they are refused as forged: which
/// paths a cookie is sent to is the application's to say.
void check_strange_envelopes(const settings& s, const place& document, reader& r);

} // namespace limpet::config
