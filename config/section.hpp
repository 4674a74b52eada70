#pragma once

#include "config/type.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace limpet::config {

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
key_of<S> key(const std::string& name, V S::*member, type_ptr<V> value, const std::string& help) {
  return {.read = [=](const node& n, S& out, reader& r) { value->read(n, out.*member, r); },
          .write = [=](const S& from, secrets show) { return value->write(from.*member, show); },
          .describe = [=] { return value->describe(); },
          .info = {.name = name, .help = help}};
}

/// A key that groups others in the file, but not in the struct.
template <class S>
key_of<S> group(const std::string& name, type_ptr<S> inner, const std::string& help) {
  return {.read = [=](const node& n, S& out, reader& r) { inner->read(n, out, r); },
          .write = [=](const S& from, secrets show) { return inner->write(from, show); },
          .describe = [=] { return inner->describe(); },
          .info = {.name = name, .help = help}};
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
