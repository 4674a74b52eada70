#pragma once

#include <cstdint>

namespace limpet::routing {

/// Bits after the binary point of neg_log2.
inline constexpr unsigned neg_log2_fraction_bits = 57;

/// -log2((score + 1) / 2^64) in fixed point, from 0 (the highest score) to 64 * 2^57 (the lowest). Integers
/// only. Off by less than 2^-56, so that the best of 10,000 scores still has 40 good bits, and monotonic: a
/// higher score never has a higher result. Placement needs that, or the loss of one member could move the
/// sessions of another.
std::uint64_t neg_log2(std::uint64_t score) noexcept;

} // namespace limpet::routing
