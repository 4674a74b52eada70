// etcd's answers, one JSON text each: they are read or refused, and errors are fit for a log.

#include "proxy/membership/etcd/base64.hpp"
#include "proxy/membership/etcd/codec.hpp"
#include "proxy/membership/etcd/endpoint.hpp"
#include "tests/fuzz/support.hpp"

#include <algorithm>
#include <string>

namespace {

using namespace limpet;
using namespace limpet::fuzz;

constexpr std::size_t message_bytes_max = 1024;

void check_error(const etcd::error& e) {
  FUZZ_CHECK(!e.message.empty() && e.message.size() <= message_bytes_max);
  FUZZ_CHECK(std::ranges::all_of(e.message, [](char c) { return c >= ' ' && c <= '~'; }));
  FUZZ_CHECK(!etcd::name(e.code).empty());
}

template <class Result>
void check(const Result& decoded) {
  if (!decoded) check_error(decoded.error());
}

/// What is read of a token goes into a header field.
void check_token(std::string_view text) {
  const auto token = etcd::decode_authenticate(text);
  check(token);
  if (token) FUZZ_CHECK(token->find_first_of("\r\n ") == std::string::npos && !token->empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const exact_bytes input({reinterpret_cast<const char*>(data), size});
  const auto text = input.view();
  check(etcd::decode_range(text));
  check(etcd::decode_put(text));
  check(etcd::decode_delete_range(text));
  check(etcd::decode_txn(text));
  const auto lease = etcd::decode_lease_grant(text);
  check(lease);
  if (lease) FUZZ_CHECK(lease->id != 0);
  check_token(text);
  check(etcd::decode_keep_alive(text));
  check(etcd::decode_watch(text));
  for (const unsigned status : {200u, 400u, 401u, 429u, 500u, 503u})
    check_error(etcd::decode_error(status, text));
  if (const auto endpoint = etcd::endpoint::parse(text)) {
    FUZZ_CHECK(!endpoint->host.empty() && !endpoint->port.empty());
    FUZZ_CHECK(endpoint->authority().find_first_of("\r\n /") == std::string::npos);
  }
  return 0;
}
