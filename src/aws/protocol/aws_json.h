// The JSON protocols 1.0 and 1.1, which differ in the type of content alone (DynamoDB, ECS, SQS …).
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
#pragma once

#include "aws/protocol/protocol.h"

namespace holm::aws {

class AwsJson final : public ProtocolCodec {
 public:
  // "1.0" or "1.1".
  explicit AwsJson(std::string_view version) : version_(version) {}
  Result<Box, ServiceError> read(const Operation& operation, WireRequest request) const override;
  http::Response write(const Operation& operation, const void* output,
                       std::string_view request_id) const override;
  http::Response write_error(const ServiceModel* model, const Operation* operation,
                             const ServiceError& error, std::string_view request_id) const override;

 private:
  std::string content_type() const;

  std::string_view version_;
};

}  // namespace holm::aws
