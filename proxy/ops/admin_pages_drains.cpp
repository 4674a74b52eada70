// /drains: operators' drains of members.

#include "proxy/ops/admin_pages.hpp"
#include "proxy/ops/member_drains.hpp"

#include <boost/json/serialize.hpp>

namespace limpet::ops {

using boost::asio::awaitable;

namespace {

page_answer page_of(const drain_answer& answer) {
  return {answer.status, "application/json", boost::json::serialize(answer.content) + "\n", {}};
}

} // namespace

awaitable<page_answer> admin_pages::drains(page_request) {
  co_return page_of({200, drains_json(backend_->pools())});
}

awaitable<page_answer> admin_pages::drain_member(page_request request) {
  return write_drain(request, drain_verb::begin);
}

awaitable<page_answer> admin_pages::undo_member_drain(page_request request) {
  return write_drain(request, drain_verb::undo);
}

awaitable<page_answer> admin_pages::write_drain(page_request request, drain_verb verb) {
  const auto found = find_drain_target(backend_->pools(), request.query, verb);
  if (const auto* wrong = std::get_if<drain_answer>(&found)) co_return page_of(*wrong);
  const auto target = std::get<drain_target>(found);
  // Not `?:` over co_await: gcc 12 destroys the chosen operand twice.
  drain_outcome outcome;
  if (verb == drain_verb::begin)
    outcome = co_await backend_->drain_member(target.pool, target.member, target.by);
  else
    outcome = co_await backend_->undo_member_drain(target.pool, target.member);
  co_return page_of(answer_of(target, verb, outcome, backend_->pools()));
}

} // namespace limpet::ops
