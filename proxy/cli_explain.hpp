#pragma once

namespace CLI {
class App;
}

namespace limpet {

/// Adds `limpet explain`: where a request would go, and why.
void add_explain(CLI::App& app, int& result);

} // namespace limpet
