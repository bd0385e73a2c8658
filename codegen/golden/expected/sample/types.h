// What requests and answers are made of. Generated from the service's model; do not edit.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/schema/shape.h"

namespace holm::sample {

namespace item_kind {
inline constexpr std::string_view kCreateComplete = "CREATE_COMPLETE";
inline constexpr std::string_view kT2Micro = "t2.micro";
inline constexpr std::string_view kAwsKms = "aws:kms";
inline constexpr std::string_view kAwsKms_ = "AWS:KMS";
}

struct Tag;
struct Choice;
struct ServiceValue;
struct Node;
struct Item;
struct PutItemRequest;
struct GetStreamRequest;
struct PutItemResult;
struct GetStreamResult;

struct Tag {
  std::string key;
  std::optional<std::string> value;
  aws::Given given;
};

struct Choice {
  std::optional<std::string> a;
  std::optional<int32_t> b;
};

struct ServiceValue {
};

struct Node {
  std::string name;
  aws::Recursive<Node> left;
  std::vector<Node> children;
  aws::Given given;
};

struct Item {
  std::optional<std::string> kind;
  std::optional<std::string> secret;
  std::optional<Choice> choice;
  aws::Document anything;
  std::optional<ServiceValue> service;
  std::optional<std::string> data;
  std::map<std::string, Node> nodes;
};

struct PutItemRequest {
  std::string box;
  std::string key;
  int32_t min_size = 0;
  std::vector<Tag> tags;
  aws::Timestamp when{};
  std::map<std::string, std::string> metadata;
  std::optional<Item> item;
  std::optional<std::string> client_token;
  std::optional<std::string> context;
  std::optional<std::string> kept;
  std::optional<bool> ignored;
  std::optional<bool> refused;
  std::optional<std::vector<std::string>> nullable;
  std::optional<bool> delete_;
  aws::Given given;
};

struct GetStreamRequest {
};

struct PutItemResult {
  std::optional<int32_t> status;
  std::vector<std::string> names;
  std::vector<std::string> flat;
  std::optional<int64_t> total;
  std::optional<double> ratio;
  std::optional<double> weight;
  std::optional<std::string> ipv6_arns;
};

struct GetStreamResult {
  aws::Stream body;
  std::optional<aws::Timestamp> modified;
};

}  // namespace holm::sample
