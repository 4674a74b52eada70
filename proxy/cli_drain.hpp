#pragma once

namespace CLI {
class App;
}

namespace limpet {

/// Adds `limpet drain`: lets a member of a pool go, on all proxies, and waits until nothing is left of it.
void add_drain(CLI::App& app, int& result);

} // namespace limpet
