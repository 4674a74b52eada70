#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// What the fuzz targets share. A target takes any bytes, and ends the process where a property does not
/// hold.
namespace limpet::fuzz {

[[noreturn]] void fail(const char* what, const char* file, int line) noexcept;

/// A copy of bytes in memory of just their size, so that AddressSanitizer sees a look at the next byte.
class exact_bytes {
public:
  explicit exact_bytes(std::string_view bytes);
  std::string_view view() const noexcept { return {bytes_.get(), size_}; }
  char* data() noexcept { return bytes_.get(); }

private:
  std::size_t size_;
  std::unique_ptr<char[]> bytes_;
};

/// The sizes of the pieces that a text comes in; they add up to it, and none is empty.
using split = std::vector<std::size_t>;

/// Ways to split `bytes`: whole, byte by byte where there are not too many, and two that depend on nothing
/// but the bytes, so that a finding is found again.
std::vector<split> splits_of(std::string_view bytes);

std::string lower(std::string_view text);
/// Without the spaces and tabs around it.
std::string_view trim(std::string_view text);
/// What stands between the separators: one more than there are of these.
std::vector<std::string_view> cut(std::string_view text, char separator);
/// Takes the first line off, without its line feed; all of the text where there is none.
std::string_view take_line(std::string_view& text);

} // namespace limpet::fuzz

/// A property of the code under test.
#define FUZZ_CHECK(holds) ((holds) ? static_cast<void>(0) : ::limpet::fuzz::fail(#holds, __FILE__, __LINE__))

/// What libFuzzer and the replay of the corpus call.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);
