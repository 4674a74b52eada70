// Signed tokens: what was signed reads back, what was changed does not, and one token has one text.

#include "routing/token.hpp"

#include "tests/fuzz/support.hpp"
#include "tests/routing/test_keys.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace {

using namespace limpet;
using namespace limpet::fuzz;
using routing::token_state;

constexpr std::int64_t now = 1'700'000'000;

const routing::testing::fake_keys& ring() {
  static const routing::testing::fake_keys keys({"new", "old"});
  return keys;
}

bool is_authentic(const routing::token_verdict& verdict) {
  return verdict.state == token_state::valid || verdict.state == token_state::expired;
}

/// Any text: whatever is accepted is what one of the keys signs.
void check_text(std::string_view text) {
  const auto verdict = routing::decode_token(text, ring(), now);
  FUZZ_CHECK(verdict.state != token_state::none);
  if (!is_authentic(verdict)) return;
  FUZZ_CHECK((verdict.state == token_state::valid) == (now < verdict.token.expires_unix_s));
  const routing::testing::fake_keys old_key({"old"});
  FUZZ_CHECK(text == routing::encode_token(verdict.token, ring()) ||
             text == routing::encode_token(verdict.token, old_key));
}

routing::session_token token_of(std::string_view bytes) {
  routing::session_token token;
  std::array<char, 48> raw{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), raw.size()), raw.begin());
  std::memcpy(token.session_id.data(), raw.data(), 16);
  std::memcpy(&token.expires_unix_s, raw.data() + 16, 8);
  std::memcpy(&token.epoch, raw.data() + 24, 8);
  std::memcpy(&token.pin_id_hash, raw.data() + 32, 8);
  std::memcpy(&token.pin_incarnation_hash, raw.data() + 40, 8);
  return token;
}

/// A token made of the bytes, and its text with one character replaced by another of the bytes.
void check_signed(std::string_view bytes) {
  const auto token = token_of(bytes);
  auto text = routing::encode_token(token, ring());
  FUZZ_CHECK(text.size() == routing::token_text_size);
  const auto read = routing::decode_token(text, ring(), now);
  FUZZ_CHECK(is_authentic(read) && read.token == token);
  const routing::testing::fake_keys strangers({"other"});
  FUZZ_CHECK(routing::decode_token(text, strangers, now).state == token_state::forged);

  if (bytes.size() < 50) return;
  const auto at = static_cast<unsigned char>(bytes[48]) % text.size();
  const bool changed = text[at] != bytes[49];
  text[at] = bytes[49];
  FUZZ_CHECK(is_authentic(routing::decode_token(text, ring(), now)) != changed);
  FUZZ_CHECK(routing::decode_token(text + "A", ring(), now).state == token_state::garbled);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const exact_bytes input({reinterpret_cast<const char*>(data), size});
  check_text(input.view());
  check_signed(input.view());
  return 0;
}
