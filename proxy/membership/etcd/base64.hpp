#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace limpet::etcd {

/// RFC 4648 section 4, with padding: how the JSON gateway writes keys and values.
std::string encode_base64(std::string_view bytes);

/// The bytes of padded base64; nothing where the text is not in its one canonical form.
std::optional<std::string> decode_base64(std::string_view text);

} // namespace limpet::etcd
