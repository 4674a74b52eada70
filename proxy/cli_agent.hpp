#pragma once

namespace CLI {
class App;
}

namespace limpet {

/// Adds `limpet agent`: registers a backend in etcd, by a configuration, by flags, or by both, where flags
/// win.
void add_agent(CLI::App& app, int& result);

} // namespace limpet
