#pragma once

#include <string>

namespace limpet::config {

/// The JSON Schema (draft-07) of a configuration file, for editors; what deploy/limpet.schema.json holds.
std::string json_schema();

/// Every key as Markdown tables; what stands in config/README.md between its markers.
std::string reference_markdown();

} // namespace limpet::config
