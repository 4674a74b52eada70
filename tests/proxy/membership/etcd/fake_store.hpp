#pragma once

#include "proxy/membership/etcd/watch_fsm.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace limpet::etcd::test {

/// What watch_fsm needs to know of an etcd: a history of changes with revisions.
class fake_store {
public:
  std::uint64_t cluster_id = 1;

  std::int64_t put(const std::string& key, const std::string& value) { return add(key, value); }
  std::int64_t remove(const std::string& key) { return add(key, std::nullopt); }
  /// Another key, in nobody's range: only the revision moves.
  std::int64_t foreign_change() { return ++revision_; }
  std::int64_t revision() const noexcept { return revision_; }

  /// Goes back to an earlier revision, as a restore from a backup does.
  void restore(std::int64_t revision) {
    std::erase_if(history_, [&](const watch_event& event) { return event.kv.mod_revision > revision; });
    revision_ = revision;
  }

  std::map<std::string, std::string> content() const { return content_at(revision_); }

  range_response list() const { return list_at(revision_); }
  range_response list_at(std::int64_t revision) const {
    range_response response;
    response.header = {.cluster_id = cluster_id, .member_id = 1, .revision = revision};
    std::map<std::string, key_value> latest;
    for (const watch_event& event : history_) {
      if (event.kv.mod_revision > revision) continue;
      if (event.what == watch_event::type::put) {
        latest[event.kv.key] = event.kv;
      } else {
        latest.erase(event.kv.key);
      }
    }
    for (const auto& [key, kv] : latest) {
      response.kvs.push_back(kv);
    }
    return response;
  }

  /// The events from `revision` on.
  std::vector<watch_event> events_from(std::int64_t revision) const {
    std::vector<watch_event> events;
    for (const watch_event& event : history_) {
      if (event.kv.mod_revision >= revision) events.push_back(event);
    }
    return events;
  }

  watch_response message(std::vector<watch_event> events) const {
    watch_response response;
    response.header = {.cluster_id = cluster_id, .member_id = 1, .revision = revision_};
    response.events = std::move(events);
    return response;
  }

private:
  std::map<std::string, std::string> content_at(std::int64_t revision) const {
    std::map<std::string, std::string> content;
    for (const key_value& kv : list_at(revision).kvs) {
      content[kv.key] = kv.value;
    }
    return content;
  }

  std::int64_t add(const std::string& key, const std::optional<std::string>& value) {
    watch_event event;
    event.what = value ? watch_event::type::put : watch_event::type::remove;
    event.kv.key = key;
    event.kv.value = value.value_or("");
    event.kv.mod_revision = ++revision_;
    event.kv.create_revision = value ? revision_ : 0;
    history_.push_back(event);
    return revision_;
  }

  std::vector<watch_event> history_;
  std::int64_t revision_ = 1;
};

/// The observer's side: what the changes add up to.
struct replica {
  std::map<std::string, std::string> content;

  void apply(const std::vector<change>& changes) {
    for (const change& one : changes) {
      if (one.value) {
        content[one.key] = *one.value;
      } else {
        content.erase(one.key);
      }
    }
  }
};

} // namespace limpet::etcd::test
