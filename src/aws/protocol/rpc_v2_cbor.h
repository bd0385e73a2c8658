// Smithy's RPC in CBOR (CloudWatch and whatever current clients prefer it for).
// https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
#pragma once

#include "aws/protocol/protocol.h"

namespace holm::aws {

class RpcV2Cbor final : public ProtocolCodec {
 public:
  Result<Box, ServiceError> read(const Operation& operation, WireRequest request) const override;
  http::Response write(const Operation& operation, const void* output,
                       std::string_view request_id) const override;
  http::Response write_error(const ServiceModel* model, const Operation* operation,
                             const ServiceError& error, std::string_view request_id) const override;
};

}  // namespace holm::aws
