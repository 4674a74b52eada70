#include "proxy/ops/admin_pages.hpp"

#include "config/print.hpp"
#include "proxy/ops/explain.hpp"
#include "proxy/ops/index_page.hpp"
#include "proxy/ops/log_level.hpp"
#include "proxy/ops/members_json.hpp"
#include "proxy/ops/membership_json.hpp"
#include "proxy/ops/metrics.hpp"
#include "proxy/ops/process_usage.hpp"
#include "proxy/ops/rails_query.hpp"
#include "proxy/ops/status.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <ctime>
#include <map>
#include <utility>

namespace limpet::ops {

namespace {

using boost::asio::awaitable;

constexpr std::string_view text_type = "text/plain; charset=utf-8";
constexpr std::string_view json_type = "application/json";
constexpr std::string_view html_type = "text/html; charset=utf-8";

page_answer text(unsigned status, std::string content) {
  return {status, text_type, std::move(content), {}};
}

page_answer json(unsigned status, const boost::json::object& content) {
  return {status, json_type, boost::json::serialize(content) + "\n", {}};
}

} // namespace

const admin_pages::page admin_pages::pages[] = {
    {"/", "GET", &admin_pages::index},
    {"/healthz", "GET", &admin_pages::health},
    {"/readyz", "GET", &admin_pages::readiness},
    {"/metrics", "GET", &admin_pages::metrics_text},
    {"/config", "GET", &admin_pages::configuration},
    {"/members", "GET", &admin_pages::members},
    {"/membership", "GET", &admin_pages::membership},
    {"/membership/suspend", "POST", &admin_pages::suspend_membership},
    {"/membership/resume", "POST", &admin_pages::resume_membership},
    {"/membership/apply", "POST", &admin_pages::apply_membership},
    {"/status", "GET", &admin_pages::status},
    {"/explain", "GET", &admin_pages::explanation},
    {"/drain", "POST", &admin_pages::drain},
    {"/drains", "GET", &admin_pages::drains},
    {"/drains", "POST", &admin_pages::drain_member},
    {"/drains", "DELETE", &admin_pages::undo_member_drain},
    {"/loglevel", "GET", &admin_pages::log_level},
    {"/loglevel", "PUT", &admin_pages::change_log_level},
    {"/version", "GET", &admin_pages::version},
};

awaitable<page_answer> admin_pages::handle(page_request request) {
  if (!backend_) co_return text(503, "stopped\n");
  std::string allow;
  for (const auto& p : pages) {
    if (p.path != request.path) continue;
    if (p.method == request.method) co_return co_await (this->*p.answer)(request);
    allow += (allow.empty() ? "" : ", ") + std::string(p.method == "GET" ? "GET, HEAD" : p.method);
  }
  if (allow.empty()) co_return text(404, "There is no such page. See /\n");
  auto answer = text(405, "Only " + allow + " here.\n");
  answer.allow = std::move(allow);
  co_return answer;
}

awaitable<page_answer> admin_pages::index(page_request) {
  co_return page_answer{200, html_type, std::string(index_page), {}};
}

awaitable<page_answer> admin_pages::health(page_request) {
  co_return text(200, "ok\n");
}

awaitable<page_answer> admin_pages::readiness(page_request) {
  if (backend_->ready()) co_return text(200, "ready\n");
  co_return text(503, backend_->facts().draining ? "draining\n" : "not ready\n");
}

awaitable<page_answer> admin_pages::metrics_text(page_request) {
  auto counters = co_await backend_->counters();
  if (!backend_) co_return text(503, "stopped\n");
  const metrics scrape({std::move(counters), backend_->labels(), backend_->facts(), backend_->pools(),
                        backend_->snapshot(), read_process_usage(), std::chrono::steady_clock::now()});
  co_return page_answer{200, exposition_content_type, exposition_text(scrape), {}};
}

/// Not application/yaml: a browser would not show it.
awaitable<page_answer> admin_pages::configuration(page_request) {
  co_return text(200, config::print_settings(backend_->settings(), config::secrets::hidden));
}

awaitable<page_answer> admin_pages::members(page_request) {
  const auto counters = co_await backend_->counters();
  if (!backend_) co_return text(503, "stopped\n");
  co_return json(200, members_json(backend_->pools(), counters, std::chrono::steady_clock::now()));
}

awaitable<page_answer> admin_pages::membership(page_request) {
  co_return json(200, membership_json(backend_->pools(), moment::now()));
}

awaitable<page_answer> admin_pages::suspend_membership(page_request request) {
  return act_on_rails(request, rails_action::suspend);
}

awaitable<page_answer> admin_pages::resume_membership(page_request request) {
  return act_on_rails(request, rails_action::resume);
}

awaitable<page_answer> admin_pages::apply_membership(page_request request) {
  return act_on_rails(request, rails_action::apply);
}

awaitable<page_answer> admin_pages::act_on_rails(page_request request, rails_action action) {
  const auto chosen = choose_pools(backend_->pools(), request.query);
  if (chosen.status != 200) co_return text(chosen.status, chosen.complaint);
  std::map<std::string, std::size_t> changed;
  for (const auto& name : chosen.names)
    changed[name] = backend_->act_on_rails(name, action);
  // The view that comes of it is published in the control thread's next turn.
  co_await boost::asio::post(boost::asio::use_awaitable);
  if (!backend_) co_return text(503, "stopped\n");
  auto pools = backend_->pools();
  std::erase_if(pools, [&](const auto& p) { return !p.pool || !changed.contains(p.pool->settings.name); });
  auto told = membership_json(pools, moment::now());
  if (action == rails_action::apply)
    for (auto& pool : told.at("pools").as_array())
      pool.as_object()["applied"] = changed.at(std::string(pool.at("name").as_string()));
  co_return json(200, told);
}

awaitable<page_answer> admin_pages::status(page_request) {
  const auto counters = co_await backend_->counters();
  if (!backend_) co_return text(503, "stopped\n");
  const auto since = read_process_usage().start_unix_seconds;
  const auto now = std::chrono::steady_clock::now();
  co_return json(200, status_json(backend_->facts(), backend_->ready(), since,
                                  members_json(backend_->pools(), counters, now)));
}

awaitable<page_answer> admin_pages::explanation(page_request request) {
  explain_query query;
  if (const auto wrong = parse_explain_query(request.query, query)) co_return json(400, {{"error", *wrong}});
  const auto snapshot = backend_->snapshot();
  if (!snapshot) co_return json(503, {{"error", "there are no routes yet"}});
  const auto answer = explain(*snapshot, query, {std::time(nullptr), std::chrono::steady_clock::now()});
  co_return json(answer.contains("error") ? 400 : 200, answer);
}

awaitable<page_answer> admin_pages::drain(page_request) {
  backend_->begin_drain();
  co_return text(202, "draining\n");
}

awaitable<page_answer> admin_pages::log_level(page_request) {
  co_return text(200, std::string(current_log_level()) + "\n");
}

awaitable<page_answer> admin_pages::change_log_level(page_request request) {
  constexpr std::string_view parameter = "level=";
  if (!request.query.starts_with(parameter) || !set_log_level(request.query.substr(parameter.size())))
    co_return text(400, "Give ?level= debug, info, warning or error.\n");
  co_return text(200, std::string(current_log_level()) + "\n");
}

awaitable<page_answer> admin_pages::version(page_request) {
  co_return json(200, {{"version", backend_->facts().version}, {"placement", routing::placement_name}});
}

} // namespace limpet::ops
