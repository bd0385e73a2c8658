// A shape with a member of each kind, written as generated tables are, for tests and fuzz
// harnesses.
#pragma once

#include <cstddef>
#include <optional>

#include "aws/schema/shape.h"

namespace holm::aws::test {

struct Everything {
  std::optional<bool> flag;
  std::optional<int32_t> count;
  std::optional<int64_t> size;
  std::optional<double> ratio;
  std::optional<std::string> name;
  std::optional<std::string> data;
  std::optional<Timestamp> at;
  std::optional<std::vector<std::string>> names;
  std::optional<std::vector<std::string>> flat;
  std::optional<std::map<std::string, int32_t>> counts;
  Document document;
  Recursive<Everything> inner;
};

constexpr Shape kBoolean{.kind = Kind::Boolean, .name = "Boolean"};
constexpr Shape kInteger{.kind = Kind::Integer, .name = "Integer"};
constexpr Shape kLong{.kind = Kind::Long, .name = "Long"};
constexpr Shape kDouble{.kind = Kind::Double, .name = "Double"};
constexpr Shape kString{.kind = Kind::String, .name = "String"};
constexpr Shape kBlob{.kind = Kind::Blob, .name = "Blob"};
constexpr Shape kTimestamp{.kind = Kind::Timestamp, .name = "Timestamp"};
constexpr Shape kDocument{.kind = Kind::Document, .name = "Document"};

constexpr Member kNamesElement{"member", "member", "Member",
                               &kString, 0,        &FieldOf<std::string>::ops};
constexpr Shape kNames{.kind = Kind::List,
                       .name = "Names",
                       .element = &kNamesElement,
                       .list = &ListOf<std::string>::ops};
constexpr Member kCountsElement{"value", "value", "Value", &kInteger, 0, &FieldOf<int32_t>::ops};
constexpr Shape kCounts{.kind = Kind::Map,
                        .name = "Counts",
                        .element = &kCountsElement,
                        .map = &MapOf<int32_t>::ops,
                        .key_name = "key"};

extern const Shape kEverything;

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winvalid-offsetof"
template <class T>
constexpr Member member(std::string_view name, std::string_view ec2, const Shape& shape,
                        size_t offset) {
  return {name, name, ec2, &shape, static_cast<uint32_t>(offset), &FieldOf<T>::ops};
}

inline const Member kEverythingMembers[] = {
    member<std::optional<bool>>("flag", "Flag", kBoolean, offsetof(Everything, flag)),
    member<std::optional<int32_t>>("count", "Count", kInteger, offsetof(Everything, count)),
    member<std::optional<int64_t>>("size", "Size", kLong, offsetof(Everything, size)),
    member<std::optional<double>>("ratio", "Ratio", kDouble, offsetof(Everything, ratio)),
    member<std::optional<std::string>>("name", "Name", kString, offsetof(Everything, name)),
    member<std::optional<std::string>>("data", "Data", kBlob, offsetof(Everything, data)),
    member<std::optional<Timestamp>>("at", "At", kTimestamp, offsetof(Everything, at)),
    member<std::optional<std::vector<std::string>>>("names", "Names", kNames,
                                                    offsetof(Everything, names)),
    {.name = "flat",
     .wire_name = "flat",
     .ec2_name = "Flat",
     .shape = &kNames,
     .offset = offsetof(Everything, flat),
     .ops = &FieldOf<std::optional<std::vector<std::string>>>::ops,
     .is_flattened = true},
    member<std::optional<std::map<std::string, int32_t>>>("counts", "Counts", kCounts,
                                                          offsetof(Everything, counts)),
    member<Document>("document", "Document", kDocument, offsetof(Everything, document)),
    member<Recursive<Everything>>("inner", "Inner", kEverything, offsetof(Everything, inner)),
};
#pragma clang diagnostic pop

inline const Shape kEverything{
    .kind = Kind::Structure, .name = "Everything", .members = kEverythingMembers};

}  // namespace holm::aws::test
