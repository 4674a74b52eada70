#pragma once

#include "proxy/http/refusal.hpp"
#include "proxy/ops/explain.hpp"
#include "routing/placement.hpp"
#include "routing/request_target.hpp"
#include "routing/session_envelopes.hpp"
#include "routing/session_key.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::ops {

/// Answers one question. Each step either goes on or leaves the answer as it is then: a refusal is an answer
/// too.
class explainer {
public:
  explainer(const http::snapshot& snapshot, const explain_query& query, explain_moment when)
      : snapshot_(snapshot), query_(query), when_(when) {}

  boost::json::object run();

private:
  // What is asked (explain.cpp).
  bool read_pool();
  bool read_fields();
  bool read_client();
  bool fail(std::string_view text);

  // The way of a request, as proxy/http/resolve.cpp goes it.
  bool find_route();
  bool resolve_target();
  bool open_envelopes();
  bool find_key();
  void take_given_key();
  bool choose_session();
  bool refuse(http::refusal reason, std::string_view sentence);

  // What is told of it (explain_told.cpp).
  void tell_request();
  void tell_pool();
  bool tell_key();
  void tell_token();
  void tell_envelopes();
  void tell_load();
  bool is_ahead(std::uint64_t epoch) const noexcept;
  void tell_ranking(std::uint64_t hash);
  void tell_placement();
  boost::json::object source_object() const;
  net::left_out why_left_out(std::uint32_t member) const;
  bool is_left_out(std::uint32_t member) const { return why_left_out(member) != net::left_out::no; }
  boost::json::object pin_object(std::uint64_t id_hash, std::uint64_t incarnation_hash) const;
  std::uint32_t busy(std::uint32_t member) const;
  std::string_view id_of(std::uint32_t member) const { return pool_->view.members()[member].id; }

  const http::snapshot& snapshot_;
  const explain_query& query_;
  explain_moment when_;
  boost::json::object out_;

  std::string_view host_field_;
  std::vector<routing::header_field> fields_;
  std::optional<routing::ip_address> peer_;
  routing::request_target target_;
  std::string target_scratch_;
  routing::request_view request_;
  std::string host_;
  std::string key_scratch_;
  const http::pool_snapshot* pool_ = nullptr;
  routing::opened_envelopes opened_;
  routing::key_result key_;
  routing::placement_key session_;
};

/// A sentence for each reason.
std::string_view why(routing::placement_reason reason) noexcept;

/// Control characters but the tab, which HTTP allows in no field (RFC 9110 section 5.5).
bool has_controls(std::string_view text) noexcept;

} // namespace limpet::ops
