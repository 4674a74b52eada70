#include "proxy/membership/etcd/client.hpp"

#include "proxy/membership/etcd/codec.hpp"
#include "proxy/membership/etcd/line_splitter.hpp"
#include "proxy/membership/etcd/session.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace limpet::etcd {
namespace {

template <class Message>
client::awaitable<Message> call(std::shared_ptr<session> over, std::string_view path, std::string body,
                                repeat may_repeat, result<Message> (*decode)(std::string_view)) {
  const auto answer = co_await over->post(path, std::move(body), may_repeat);
  if (!answer) co_return answer.error();
  co_return decode(*answer);
}

class stream_over_session : public watch_stream {
public:
  stream_over_session(std::shared_ptr<session> over, open_answer answer)
      : session_(std::move(over)), answer_(std::move(answer)),
        lines_(session_->options().watch_line_bytes_max) {}

  client::awaitable<watch_response> next(std::chrono::milliseconds idle) override {
    auto response = co_await read_response(idle);
    // A cancel without compaction is this server's: it has lost its leader, or is shutting down.
    const bool is_dropped = response && response->canceled && response->compact_revision == 0;
    if (is_dropped || (!response && is_endpoint_fault(response.error().code))) {
      session_->endpoint_failed(answer_.endpoint);
    }
    co_return std::move(response);
  }

private:
  client::awaitable<watch_response> read_response(std::chrono::milliseconds idle) {
    std::array<char, 16 * 1024> buffer;
    for (;;) {
      if (!lines_.append(answer_.response->take_body())) {
        co_return error{errc::too_large, "a message of a watch past its size limit"};
      }
      if (const auto line = lines_.next()) co_return decode_watch(*line);
      if (answer_.response->is_done()) co_return error{errc::unreachable, "the server ended the watch"};
      answer_.over->expires_at(channel::clock::now() + idle);
      const auto count = co_await answer_.over->receive(buffer);
      if (!count) co_return count.error();
      const auto parsed =
          *count == 0 ? answer_.response->append_end() : answer_.response->append({buffer.data(), *count});
      if (!parsed) co_return parsed.error();
    }
  }

  std::shared_ptr<session> session_;
  open_answer answer_;
  line_splitter lines_;
};

result<bool> decode_nothing(std::string_view) {
  return true;
}

} // namespace

client::client(client_options options) : session_(std::make_shared<session>(std::move(options))) {}
client::~client() = default;

client::awaitable<range_response> client::range(range_request request) {
  return call(session_, "/v3/kv/range", encode(request), repeat::yes, decode_range);
}

client::awaitable<range_response> client::range_all(std::string key, std::string range_end,
                                                    std::size_t keys_max) {
  constexpr std::int64_t page_keys_max = 500;
  range_request page{
      .key = std::move(key), .range_end = std::move(range_end), .limit = page_keys_max, .revision = 0};
  range_response all;
  for (;;) {
    auto part = co_await call(session_, "/v3/kv/range", encode(page), repeat::yes, decode_range);
    if (!part && part.error().code == errc::too_large && page.limit > 1) {
      page.limit = std::max<std::int64_t>(1, page.limit / 10);
      continue;
    }
    if (!part) co_return part.error();
    if (page.revision == 0) {
      all.header = part->header;
      page.revision = part->header.revision;
    }
    std::ranges::move(part->kvs, std::back_inserter(all.kvs));
    all.more = all.kvs.size() > keys_max || (part->more && all.kvs.size() == keys_max);
    if (!part->more || part->kvs.empty() || all.more) break;
    page.key = all.kvs.back().key + '\0';
  }
  if (all.kvs.size() > keys_max) all.kvs.resize(keys_max);
  co_return std::move(all);
}

client::awaitable<put_response> client::put(put_request request) {
  return call(session_, "/v3/kv/put", encode(request), repeat::no, decode_put);
}

client::awaitable<delete_range_response> client::delete_range(delete_range_request request) {
  return call(session_, "/v3/kv/deleterange", encode(request), repeat::no, decode_delete_range);
}

client::awaitable<txn_response> client::txn(txn_request request) {
  return call(session_, "/v3/kv/txn", encode(request), repeat::no, decode_txn);
}

client::awaitable<lease_grant_response> client::lease_grant(lease_grant_request request) {
  // A grant done twice leaves a lease behind that nobody keeps: it goes by itself.
  return call(session_, "/v3/lease/grant", encode(request), repeat::yes, decode_lease_grant);
}

client::awaitable<lease_keep_alive_response> client::lease_keep_alive(std::int64_t id) {
  return call(session_, "/v3/lease/keepalive", encode_lease_id(id), repeat::yes, decode_keep_alive);
}

client::awaitable<void> client::lease_revoke(std::int64_t id) {
  const auto done =
      co_await call(session_, "/v3/lease/revoke", encode_lease_id(id), repeat::yes, decode_nothing);
  if (!done) co_return done.error();
  co_return result<void>();
}

client::awaitable<std::unique_ptr<watch_stream>> client::watch(watch_create_request request) {
  auto answer = co_await session_->open("/v3/watch", encode(request));
  if (!answer) co_return answer.error();
  co_return std::make_unique<stream_over_session>(session_, std::move(*answer));
}

std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty()) {
    if (static_cast<unsigned char>(end.back()) != 0xff) {
      ++end.back();
      return end;
    }
    end.pop_back();
  }
  return std::string(1, '\0'); // all keys from here on
}

} // namespace limpet::etcd
