#pragma once

namespace CLI {
class App;
}

namespace limpet {

/// Adds `limpet membership`: what stands between a running proxy's sources and its views, and an operator's
/// word in it.
void add_membership(CLI::App& app, int& result);

} // namespace limpet
