// The follower of event streams: where an event ends, against a plain reading of the lines.

#include "proxy/http/event_follower.hpp"

#include "tests/fuzz/support.hpp"

#include <string>

namespace {

using namespace limpet;
using namespace limpet::fuzz;

/// Whether what was sent so far ends in an empty line. Lines end in CR LF, LF or CR; a CR at the very end is
/// one by itself until an LF follows.
bool ends_an_event(std::string_view sent) {
  bool line_is_empty = true; // nothing yet is between two events, too
  bool ended = true;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    if (sent[i] == '\n' && i > 0 && sent[i - 1] == '\r') continue; // of the CR before
    const bool is_end = sent[i] == '\r' || sent[i] == '\n';
    ended = is_end && line_is_empty;
    line_is_empty = is_end;
  }
  return ended;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto& pieces : splits_of(bytes)) {
    http::event_follower follower;
    std::size_t at = 0;
    FUZZ_CHECK(follower.between_events());
    for (const auto piece : pieces) {
      follower.feed(exact_bytes(bytes.substr(at, piece)).view());
      at += piece;
      FUZZ_CHECK(follower.between_events() == ends_an_event(bytes.substr(0, at)));
    }
  }
  return 0;
}
