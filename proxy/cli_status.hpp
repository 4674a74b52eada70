#pragma once

namespace CLI {
class App;
}

namespace limpet {

/// Adds `limpet status`: how proxies are, and whether several agree.
void add_status(CLI::App& app, int& result);

} // namespace limpet
