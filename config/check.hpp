#pragma once

#include "config/config.hpp"
#include "config/node.hpp"
#include "config/reader.hpp"

namespace limpet::config {

/// What one section cannot tell of itself: names that are taken or that nothing has, routes that no request
/// reaches, cookies that nothing signs. Values that could not be read are empty here, and are passed over.
/// Changes nothing.
void check(const settings& s, const place& document, reader& r);

} // namespace limpet::config
