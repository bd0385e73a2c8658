// REST with XML documents (S3, CloudFront, Route 53).
// https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html
#pragma once

#include "aws/protocol/protocol.h"

namespace holm::aws {

class RestXml final : public ProtocolCodec {
 public:
  Result<Box, ServiceError> read(const Operation& operation, WireRequest request) const override;
  http::Response write(const Operation& operation, const void* output,
                       std::string_view request_id) const override;
  http::Response write_error(const ServiceModel* model, const Operation* operation,
                             const ServiceError& error, std::string_view request_id) const override;
};

}  // namespace holm::aws
