// The operations as aws::Region::call names them. Generated from the service's model; do not edit.
#pragma once

#include "aws/service/operation.h"
#include "sample/types.h"

namespace holm::sample {

struct PutItem {
  using Input = PutItemRequest;
  using Output = PutItemResult;
  static constexpr std::string_view service = "sample";
  static constexpr std::string_view name = "PutItem";
};

struct DescribeNode {
  using Input = aws::Nothing;
  using Output = Node;
  static constexpr std::string_view service = "sample";
  static constexpr std::string_view name = "DescribeNode";
};

struct GetStream {
  using Input = GetStreamRequest;
  using Output = GetStreamResult;
  static constexpr std::string_view service = "sample";
  static constexpr std::string_view name = "GetStream";
};

}  // namespace holm::sample
