#include "config/yaml.hpp"

#include "config/text.hpp"

#include <yaml-cpp/emitter.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

namespace limpet::config {

namespace {

/// Thrown out of yaml-cpp's parser by the builder, and caught in parse_yaml.
struct refusal {
  position where;
  std::string message;
  std::string hint;
};

position position_of(const YAML::Mark& mark) {
  if (mark.line < 0 || mark.column < 0) return {};
  return {static_cast<unsigned>(mark.line) + 1, static_cast<unsigned>(mark.column) + 1};
}

std::size_t depth(const node& tree) {
  std::size_t deepest = 0;
  for (const node& child : tree.children)
    deepest = std::max(deepest, depth(child));
  return deepest + 1;
}

std::size_t count(const node& tree) {
  std::size_t sum = 1;
  for (const node& child : tree.children)
    sum += count(child);
  return sum;
}

std::string too_many_values() {
  return "more than " + std::to_string(document_nodes_max) + " values";
}

/// Builds the tree from yaml-cpp's events, within the limits. (yaml-cpp's own YAML::Node shares aliased
/// nodes, so that a walk over it may take exponential time, and it has no places for what is missing.)
class builder final : public YAML::EventHandler {
public:
  node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0)
      throw refusal{position_of(mark), "a second document begins here", "leave out the ---"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    put({.where = position_of(mark)}, anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    // yaml-cpp passes other bytes on, but replaces them when it writes.
    if (!is_utf8(value)) throw refusal{position_of(mark), "not UTF-8 text", "save the file as UTF-8"};
    if (awaits_key()) return take_key(mark, value);
    node scalar = node::scalar(value);
    scalar.where = position_of(mark);
    put(std::move(scalar), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (awaits_key()) throw refusal{position_of(mark), "a key must be plain text", ""};
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw refusal{position_of(mark), "an alias refers to itself", ""};
    if (open_.size() + depth(found->second) > document_depth_max) refuse_depth(mark);
    node copy = found->second;
    copy.key.clear(); // the key is of the place that it was copied from
    copy.key_where = {};
    spend(position_of(mark), count(copy));
    put(std::move(copy), 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, node::list());
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, node::map());
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

private:
  struct level {
    node tree;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::string key;
    position key_where;
  };

  bool awaits_key() const {
    return !open_.empty() && open_.back().tree.what == node::kind::map && !open_.back().has_key;
  }

  void take_key(const YAML::Mark& mark, const std::string& text) {
    if (text.size() > document_key_bytes_max)
      throw refusal{position_of(mark),
                    "a key of more than " + std::to_string(document_key_bytes_max) + " bytes", ""};
    spend(position_of(mark), 1);
    open_.back().has_key = true;
    open_.back().key = text;
    open_.back().key_where = position_of(mark);
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, node tree) {
    refuse_tag(mark, tag);
    if (awaits_key()) throw refusal{position_of(mark), "a key must be plain text", ""};
    if (open_.size() >= document_depth_max) refuse_depth(mark);
    tree.where = position_of(mark);
    open_.push_back({.tree = std::move(tree), .anchor = anchor, .key = {}, .key_where = {}});
  }

  void close() {
    level done = std::move(open_.back());
    open_.pop_back();
    put(std::move(done.tree), done.anchor);
  }

  void put(node value, YAML::anchor_t anchor) {
    if (awaits_key()) throw refusal{value.where, "a key must be plain text", ""};
    spend(value.where, 1);
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    level& parent = open_.back();
    if (parent.has_key) {
      value.key = std::move(parent.key);
      value.key_where = parent.key_where;
      // yaml-cpp puts a missing value where the next token stands.
      if (value.what == node::kind::null) value.where = parent.key_where;
      parent.has_key = false;
    }
    if (anchor != 0) {
      spend(value.where, count(value));
      anchors_.insert_or_assign(anchor, value);
    }
    parent.tree.children.push_back(std::move(value));
  }

  void spend(position where, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > document_nodes_max)
      throw refusal{where, too_many_values(), "each alias counts as what it stands for"};
  }

  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return; // "!" is yaml-cpp's mark of a quoted scalar
    throw refusal{position_of(mark), "tags are not supported", "leave out the !tag"};
  }

  [[noreturn]] static void refuse_depth(const YAML::Mark& mark) {
    throw refusal{position_of(mark), "nested deeper than " + std::to_string(document_depth_max) + " levels",
                  ""};
  }

  node root_;
  std::vector<level> open_;
  std::map<YAML::anchor_t, node> anchors_;
  std::size_t nodes_ = 0;
  std::size_t documents_ = 0;
};

yaml_result failed(position where, std::string message, std::string hint = {}) {
  return {.document = {}, .where = where, .message = std::move(message), .hint = std::move(hint)};
}

/// Without quotes yaml-cpp would read "a\r" without its end, and "---" at the top as the beginning of a
/// document.
void write(YAML::Emitter& out, const std::string& text) {
  if (has_control(text) || text.starts_with("---") || text.starts_with("...")) out << YAML::DoubleQuoted;
  out << text;
}

void write(YAML::Emitter& out, const node& tree) {
  switch (tree.what) {
  case node::kind::null:
    out << YAML::Null;
    return;
  case node::kind::scalar:
    write(out, tree.text);
    return;
  case node::kind::list:
    if (tree.children.empty()) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const node& item : tree.children)
      write(out, item);
    out << YAML::EndSeq;
    return;
  case node::kind::map:
    if (tree.children.empty()) out << YAML::Flow;
    out << YAML::BeginMap;
    for (const node& value : tree.children) {
      out << YAML::Key;
      write(out, value.key);
      out << YAML::Value;
      write(out, value);
    }
    out << YAML::EndMap;
    return;
  }
}

/// yaml-cpp scans a flow collection to its end before the first event, at some 250 bytes of memory for each
/// byte of "[[[[". So what has more of these characters than it may have values is refused unread.
bool may_be_within_limits(std::string_view text) {
  const auto opens_value = [](char c) { return c == '[' || c == '{' || c == ','; };
  return static_cast<std::size_t>(std::ranges::count_if(text, opens_value)) <= document_nodes_max;
}

} // namespace

yaml_result parse_yaml(std::string_view text) {
  if (text.size() > document_bytes_max) return failed({}, "larger than 4 MiB");
  if (!may_be_within_limits(text)) return failed({}, too_many_values());
  std::istringstream in{std::string(text)};
  try {
    YAML::Parser parser(in);
    builder built;
    while (parser.HandleNextDocument(built)) {
    }
    node document = built.take();
    if (document.what == node::kind::null) document = node::map();
    return {.document = std::move(document), .where = {}, .message = {}, .hint = {}};
  } catch (const refusal& why) {
    return failed(why.where, why.message, why.hint);
  } catch (const YAML::Exception& why) {
    return failed(position_of(why.mark), "not YAML: " + why.msg);
  } catch (const std::exception& why) {
    return failed({}, std::string("not YAML: ") + why.what());
  }
}

std::string emit_yaml(const node& document) {
  YAML::Emitter out;
  write(out, document);
  return std::string(out.c_str()) + '\n';
}

} // namespace limpet::config
