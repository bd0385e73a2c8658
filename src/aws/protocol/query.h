// The query protocol: form fields in, XML out (IAM, STS, CloudFormation, RDS, SNS …).
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
#pragma once

#include "aws/protocol/protocol.h"

namespace holm::aws {

class Query final : public ProtocolCodec {
 public:
  Result<Box, ServiceError> read(const Operation& operation, WireRequest request) const override;
  http::Response write(const Operation& operation, const void* output,
                       std::string_view request_id) const override;
  http::Response write_error(const ServiceModel* model, const Operation* operation,
                             const ServiceError& error, std::string_view request_id) const override;
};

}  // namespace holm::aws
