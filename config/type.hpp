#pragma once

#include "config/description.hpp"
#include "config/node.hpp"
#include "config/reader.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// The language that the configuration is declared in. A type says how a value is read, written and
/// described; a section is a list of keys, each a name, a member of a struct, a type and a help text. Parser,
/// printer, JSON Schema and reference all walk these declarations, so that none of them can forget a key.
namespace limpet::config {

enum class secrets : std::uint8_t { hidden, shown };

inline constexpr std::string_view redacted = "<redacted>";
inline constexpr std::size_t list_items_max = 100'000;

template <class T>
class type {
public:
  virtual ~type() = default;
  /// Sets `out` where the value is good; else reports, and leaves `out` as it was or half set.
  virtual void read(const node& value, T& out, reader& r) const = 0;
  /// What read would set to `value`; nothing where that is leaving the key out.
  virtual std::optional<node> write(const T& value, secrets show) const = 0;
  virtual description describe() const = 0;
};

template <class T>
using type_ptr = std::shared_ptr<const type<T>>;

/// A single value: a function that takes text to a value, and one back.
template <class T>
class scalar final : public type<T> {
public:
  using parse_function = std::function<std::optional<problem>(std::string_view text, T& out)>;
  using format_function = std::function<std::string(const T& value)>;

  scalar(description shape, parse_function parse, format_function format)
      : shape_(std::move(shape)), parse_(std::move(parse)), format_(std::move(format)) {}

  void read(const node& value, T& out, reader& r) const override {
    const auto text = r.text(value, "a " + shape_.type);
    if (!text) return;
    if (const auto wrong = parse_(*text, out)) r.error(value.where, *wrong);
  }
  std::optional<node> write(const T& value, secrets) const override { return node::scalar(format_(value)); }
  description describe() const override { return shape_; }

private:
  description shape_;
  parse_function parse_;
  format_function format_;
};

/// A value that may be left out: an empty T stands for none, in memory and as an empty text in a file.
template <class T>
class or_none_type final : public type<T> {
public:
  explicit or_none_type(type_ptr<T> inner) : inner_(std::move(inner)) {}

  void read(const node& value, T& out, reader& r) const override {
    const bool scalar = value.what == node::kind::scalar;
    const auto text = scalar ? r.text(value, "") : std::nullopt;
    if (scalar && !text) return;
    if (text && text->empty())
      out = T{};
    else
      inner_->read(value, out, r);
  }
  std::optional<node> write(const T& value, secrets show) const override {
    return value == T{} ? std::nullopt : inner_->write(value, show);
  }
  description describe() const override { return inner_->describe(); }

private:
  type_ptr<T> inner_;
};

template <class T>
type_ptr<T> or_none(type_ptr<T> inner) {
  return std::make_shared<or_none_type<T>>(std::move(inner));
}

template <class T>
class optional_type final : public type<std::optional<T>> {
public:
  explicit optional_type(type_ptr<T> inner) : inner_(std::move(inner)) {}

  void read(const node& value, std::optional<T>& out, reader& r) const override {
    inner_->read(value, out.emplace(), r);
  }
  std::optional<node> write(const std::optional<T>& value, secrets show) const override {
    return value ? inner_->write(*value, show) : std::nullopt;
  }
  description describe() const override { return inner_->describe(); }

private:
  type_ptr<T> inner_;
};

template <class T>
type_ptr<std::optional<T>> optional(type_ptr<T> inner) {
  return std::make_shared<optional_type<T>>(std::move(inner));
}

struct item_range {
  std::size_t min = 0;
  std::size_t max = list_items_max;
};

/// Whether `value` is a list of as many items; else reports.
bool is_list(const node& value, item_range range, reader& r);

template <class T>
class list_type final : public type<std::vector<T>> {
public:
  list_type(type_ptr<T> element, item_range range) : element_(std::move(element)), range_(range) {}

  void read(const node& value, std::vector<T>& out, reader& r) const override {
    out.clear();
    if (!is_list(value, range_, r)) return;
    for (std::size_t i = 0; i < value.children.size(); ++i) {
      const reader::scope inside(r, i);
      element_->read(value.children[i], out.emplace_back(),
                     r); // a bad item keeps its place, for the checks that follow
    }
  }
  std::optional<node> write(const std::vector<T>& value, secrets show) const override {
    node out = node::list();
    for (const T& item : value)
      out.children.push_back(element_->write(item, show).value_or(node()));
    return out;
  }
  description describe() const override {
    return {.what = description::form::list,
            .type = "list",
            .minimum = range_.min,
            .maximum = range_.max,
            .children = {element_->describe()}};
  }

private:
  type_ptr<T> element_;
  item_range range_;
};

template <class T>
type_ptr<std::vector<T>> list(type_ptr<T> element, item_range range = {}) {
  return std::make_shared<list_type<T>>(std::move(element), range);
}

/// Checks the keys of a map whose keys are names: each allowed by `name`, each there once. Calls `each` for
/// the good ones.
void read_names(const node& value, const type<std::string>& name, reader& r,
                const std::function<void(const std::string& name, const node& value)>& each);

/// A map from names to values that know their own name.
template <class T>
class map_type final : public type<std::map<std::string, T>> {
public:
  map_type(std::string T::*name_member, type_ptr<std::string> name, type_ptr<T> element)
      : name_member_(name_member), name_(std::move(name)), element_(std::move(element)) {}

  void read(const node& value, std::map<std::string, T>& out, reader& r) const override {
    out.clear();
    read_names(value, *name_, r, [&](const std::string& name, const node& child) {
      const reader::scope inside(r, name);
      T& made = out[name];
      made.*name_member_ = name;
      element_->read(child, made, r);
    });
  }
  std::optional<node> write(const std::map<std::string, T>& value, secrets show) const override {
    node out = node::map();
    for (const auto& [name, element] : value) {
      out.children.push_back(element_->write(element, show).value_or(node()));
      out.children.back().key = name;
    }
    return out;
  }
  description describe() const override {
    return {.what = description::form::map,
            .type = "mapping",
            .pattern = name_->describe().pattern,
            .children = {element_->describe()}};
  }

private:
  std::string T::*name_member_;
  type_ptr<std::string> name_;
  type_ptr<T> element_;
};

template <class T>
type_ptr<std::map<std::string, T>> by_name(std::string T::*name_member, type_ptr<std::string> name,
                                           type_ptr<T> element) {
  return std::make_shared<map_type<T>>(name_member, std::move(name), std::move(element));
}

/// One key of a section that is kept in an S.
template <class S>
class key_of {
public:
  std::function<void(const node& value, S& out, reader& r)> read;
  std::function<std::optional<node>(const S& value, secrets show)> write;
  std::function<description()> describe;
  key_info info;

  key_of&& required() && { return info.required = true, std::move(*this); }
  key_of&& secret() && { return info.secret = true, std::move(*this); }
  key_of&& takes_effect(reload when) && { return info.takes_effect = when, std::move(*this); }
  key_of&& since(std::string version) && { return info.since = std::move(version), std::move(*this); }
};

template <class S, class V>
key_of<S> key(std::string name, V S::*member, type_ptr<V> value, std::string help) {
  return {.read = [=](const node& n, S& out, reader& r) { value->read(n, out.*member, r); },
          .write = [=](const S& from, secrets show) { return value->write(from.*member, show); },
          .describe = [=] { return value->describe(); },
          .info = {.name = std::move(name), .help = std::move(help)}};
}

/// A key that groups others in the file, but not in the struct.
template <class S>
key_of<S> group(std::string name, type_ptr<S> inner, std::string help) {
  return {.read = [=](const node& n, S& out, reader& r) { inner->read(n, out, r); },
          .write = [=](const S& from, secrets show) { return inner->write(from, show); },
          .describe = [=] { return inner->describe(); },
          .info = {.name = std::move(name), .help = std::move(help)}};
}

/// For each declared key its value in `from`, or nullptr. Reports what is no mapping, unknown, repeated or
/// missing.
std::vector<const node*> match_keys(const node& from, std::span<const key_info> declared,
                                    std::span<const std::string> exactly_one_of, reader& r);
/// Reports a secret that was printed hidden and is read back.
bool is_redacted(const node& value, const key_info& info, reader& r);

template <class S>
class section_type final : public type<S> {
public:
  section_type(std::vector<key_of<S>> keys, std::vector<std::string> exactly_one_of)
      : keys_(std::move(keys)), exactly_one_of_(std::move(exactly_one_of)) {
    for (const auto& k : keys_)
      infos_.push_back(k.info);
  }

  void read(const node& value, S& out, reader& r) const override {
    const auto found = match_keys(value, infos_, exactly_one_of_, r);
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!found[i]) continue;
      const reader::scope inside(r, infos_[i].name);
      if (!is_redacted(*found[i], infos_[i], r)) keys_[i].read(*found[i], out, r);
    }
  }

  std::optional<node> write(const S& value, secrets show) const override {
    node out = node::map();
    for (const auto& k : keys_) {
      auto child = k.write(value, show);
      if (!child) continue;
      if (k.info.secret && show == secrets::hidden) child->text = redacted;
      child->key = k.info.name;
      out.children.push_back(std::move(*child));
    }
    return out;
  }

  description describe() const override {
    description out{.what = description::form::section, .type = "mapping", .exactly_one_of = exactly_one_of_};
    const S initial{};
    for (const auto& k : keys_) {
      description child = k.describe();
      child.key = k.info;
      child.initial = k.write(initial, secrets::shown);
      out.children.push_back(std::move(child));
    }
    return out;
  }

private:
  std::vector<key_of<S>> keys_;
  std::vector<key_info> infos_;
  std::vector<std::string> exactly_one_of_;
};

/// Of the keys `exactly_one_of`, if there are any, one must be in the file.
template <class S>
type_ptr<S> section(std::vector<key_of<S>> keys, std::vector<std::string> exactly_one_of = {}) {
  return std::make_shared<section_type<S>>(std::move(keys), std::move(exactly_one_of));
}

/// A list or section with a check of what no single key can tell.
template <class T>
class checked_type final : public type<T> {
public:
  using check_function = void (*)(const T& value, const place& at, reader& r);

  checked_type(type_ptr<T> inner, check_function check) : inner_(std::move(inner)), check_(check) {}

  void read(const node& value, T& out, reader& r) const override {
    inner_->read(value, out, r);
    if (!value.children.empty()) check_(out, place(value), r);
  }
  std::optional<node> write(const T& value, secrets show) const override {
    return inner_->write(value, show);
  }
  description describe() const override { return inner_->describe(); }

private:
  type_ptr<T> inner_;
  check_function check_;
};

template <class T>
type_ptr<T> checked(type_ptr<T> inner, typename checked_type<T>::check_function check) {
  return std::make_shared<checked_type<T>>(std::move(inner), check);
}

/// A value that stands in the file in another shape than in memory.
template <class T, class Raw>
class shaped_type final : public type<T> {
public:
  shaped_type(type_ptr<Raw> raw, T (*from_raw)(Raw), Raw (*to_raw)(const T&))
      : raw_(std::move(raw)), from_raw_(from_raw), to_raw_(to_raw) {}

  void read(const node& value, T& out, reader& r) const override {
    Raw raw = to_raw_(out);
    raw_->read(value, raw, r);
    out = from_raw_(std::move(raw));
  }
  std::optional<node> write(const T& value, secrets show) const override {
    return raw_->write(to_raw_(value), show);
  }
  description describe() const override { return raw_->describe(); }

private:
  type_ptr<Raw> raw_;
  T (*from_raw_)(Raw);
  Raw (*to_raw_)(const T&);
};

template <class T, class Raw>
type_ptr<T> shaped(type_ptr<Raw> raw, T (*from_raw)(Raw), Raw (*to_raw)(const T&)) {
  return std::make_shared<shaped_type<T, Raw>>(std::move(raw), from_raw, to_raw);
}

} // namespace limpet::config
