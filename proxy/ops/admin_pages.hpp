#pragma once

#include "proxy/ops/backend.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace limpet::ops {

enum class drain_verb : std::uint8_t;

/// A request to the admin server, as far as its pages look at it. Views live until the answer is there.
struct page_request {
  std::string_view method; ///< HEAD comes as GET
  std::string_view path;
  std::string_view query; ///< without the question mark
};

struct page_answer {
  unsigned status = 200;
  std::string_view content_type = "text/plain; charset=utf-8"; ///< static
  std::string content;
  std::string allow; ///< the Allow field, where the status is 405
};

/// What the admin server answers, apart from how it is carried.
class admin_pages {
public:
  explicit admin_pages(backend& server) : backend_(&server) {}

  /// Never throws for what the request says.
  boost::asio::awaitable<page_answer> handle(page_request request);

  /// From now on the backend is asked nothing: answers that wait for it become 503.
  void close() noexcept { backend_ = nullptr; }

private:
  using handler = boost::asio::awaitable<page_answer> (admin_pages::*)(page_request);
  struct page {
    std::string_view path;
    std::string_view method;
    handler answer;
  };
  static const page pages[];

  boost::asio::awaitable<page_answer> index(page_request);
  boost::asio::awaitable<page_answer> health(page_request);
  boost::asio::awaitable<page_answer> readiness(page_request);
  boost::asio::awaitable<page_answer> metrics_text(page_request);
  boost::asio::awaitable<page_answer> configuration(page_request);
  boost::asio::awaitable<page_answer> members(page_request);
  boost::asio::awaitable<page_answer> membership(page_request);
  boost::asio::awaitable<page_answer> suspend_membership(page_request);
  boost::asio::awaitable<page_answer> resume_membership(page_request);
  boost::asio::awaitable<page_answer> apply_membership(page_request);
  boost::asio::awaitable<page_answer> act_on_rails(page_request, rails_action action);
  boost::asio::awaitable<page_answer> status(page_request);
  boost::asio::awaitable<page_answer> explanation(page_request);
  boost::asio::awaitable<page_answer> drain(page_request);
  boost::asio::awaitable<page_answer> drains(page_request);
  boost::asio::awaitable<page_answer> drain_member(page_request);
  boost::asio::awaitable<page_answer> undo_member_drain(page_request);
  boost::asio::awaitable<page_answer> write_drain(page_request, drain_verb);
  boost::asio::awaitable<page_answer> log_level(page_request);
  boost::asio::awaitable<page_answer> change_log_level(page_request);
  boost::asio::awaitable<page_answer> version(page_request);

  backend* backend_;
};

} // namespace limpet::ops
