// REST with JSON documents (Lambda, API Gateway, EKS …).
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
#pragma once

#include "aws/protocol/protocol.h"

namespace holm::aws {

class RestJson final : public ProtocolCodec {
 public:
  Result<Box, ServiceError> read(const Operation& operation, WireRequest request) const override;
  http::Response write(const Operation& operation, const void* output,
                       std::string_view request_id) const override;
  http::Response write_error(const ServiceModel* model, const Operation* operation,
                             const ServiceError& error, std::string_view request_id) const override;
};

}  // namespace holm::aws
