#pragma once

#include "config/description.hpp"
#include "config/node.hpp"
#include "config/print.hpp"
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

/// Reports the keys of a map that `name` refuses or that are repeated; calls `each` for all but the repeated.
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

} // namespace limpet::config
