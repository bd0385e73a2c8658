// Load balancers, target groups, listeners and rules as rows.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/codec/json_codec.h"
#include "base/check.h"
#include "elbv2/handlers.h"
#include "elbv2/schema.h"

namespace holm::elbv2 {

// Whose documents are of one structure of the model.
template <class T>
struct RecordType;
template <>
struct RecordType<LoadBalancer> {
  static constexpr char kKind[] = "load-balancer";
};
template <>
struct RecordType<TargetGroup> {
  static constexpr char kKind[] = "target-group";
};
template <>
struct RecordType<Listener> {
  static constexpr char kKind[] = "listener";
};
template <>
struct RecordType<Rule> {
  static constexpr char kKind[] = "rule";
};

template <>
struct RecordType<TrustStore> {
  static constexpr char kKind[] = "trust-store";
};

template <class T>
T from_document(const std::string& document) {
  T value;
  CHECK(aws::read_kept_json(document, shape_of(value), &value).has_value());
  return value;
}

struct NewRecord {
  std::string arn;
  std::string_view kind;
  std::string name;
  std::string parent;
  int64_t position = 0;
  std::string document;
};
void insert_record(Call& call, const NewRecord& record);
void replace_document(Call& call, const std::string& arn, const std::string& document);
// With its attributes and tags.
void delete_record(Call& call, const std::string& arn);
// With its rules and certificates.
void delete_listener_record(Call& call, const std::string& arn);
std::optional<std::string> find_document(Call& call, std::string_view kind, const std::string& arn);
std::vector<std::string> documents_of(Call& call, std::string_view kind, std::string_view condition,
                                      std::vector<sql::Value> arguments);

template <class T>
void insert(Call& call, const T& value, NewRecord record) {
  record.kind = RecordType<T>::kKind;
  record.document = aws::write_kept_json(shape_of(value), &value);
  insert_record(call, record);
}
template <class T>
void replace(Call& call, const std::string& arn, const T& value) {
  replace_document(call, arn, aws::write_kept_json(shape_of(value), &value));
}
template <class T>
std::optional<T> find(Call& call, const std::string& arn) {
  std::optional<std::string> document = find_document(call, RecordType<T>::kKind, arn);
  if (!document) return std::nullopt;
  return from_document<T>(*document);
}
// Those that `condition` holds for (?3 and on), by position and age.
template <class T>
std::vector<T> all_where(Call& call, std::string_view condition, std::vector<sql::Value> arguments) {
  std::vector<T> result;
  for (const std::string& each : documents_of(call, RecordType<T>::kKind, condition, std::move(arguments))) {
    result.push_back(from_document<T>(each));
  }
  return result;
}

LoadBalancer require_load_balancer(Call& call, const std::string& arn);
TargetGroup require_target_group(Call& call, const std::string& arn);
Listener require_listener(Call& call, const std::string& arn);
std::optional<Listener> find_listener_on(Call& call, const std::string& load_balancer, int32_t port);
Rule require_rule(Call& call, const std::string& arn);

// "…:loadbalancer/app/name/0123456789abcdef": what is after the kind.
std::string path_of(const std::string& arn);
// The ARNs of the target groups that `actions` forward to.
std::vector<std::string> groups_of(const std::vector<Action>& actions);
// The load balancers whose rules forward to the group.
std::vector<std::string> load_balancers_of_group(Call& call, const std::string& group_arn);

// The tags of a create operation.
void write_tags(Call& call, const std::string& arn, const std::vector<Tag>& tags);

// Cuts `items` to the page asked for and returns the marker of the next one.
size_t position_of_marker(const std::optional<std::string>& marker);
template <class Item>
std::optional<std::string> take_page(std::vector<Item>& items, const std::optional<int32_t>& page_size,
                                     const std::optional<std::string>& marker) {
  size_t from = std::min(position_of_marker(marker), items.size());
  size_t to = std::min(items.size(), from + static_cast<size_t>(page_size.value_or(400)));
  std::optional<std::string> next;
  if (to < items.size()) next = std::to_string(to);
  items = std::vector<Item>(items.begin() + static_cast<ptrdiff_t>(from),
                            items.begin() + static_cast<ptrdiff_t>(to));
  return next;
}

}  // namespace holm::elbv2
