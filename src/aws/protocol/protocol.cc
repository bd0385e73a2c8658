// The table of AWS protocols.

#include "aws/protocol/protocol.h"

#include "aws/protocol/aws_json.h"
#include "aws/protocol/ec2_query.h"
#include "aws/protocol/query.h"
#include "aws/protocol/rest_json.h"
#include "aws/protocol/rest_xml.h"
#include "aws/protocol/rpc_v2_cbor.h"
#include "base/check.h"

namespace holm::aws {

bool takes_stream(const Operation& operation) {
  const Member* payload = operation.input->payload;
  return payload && payload->shape->kind == Kind::Stream;
}

const ProtocolCodec& protocol_for(Protocol protocol) {
  static const Query kQuery;
  static const Ec2Query kEc2Query;
  static const AwsJson kJson10("1.0");
  static const AwsJson kJson11("1.1");
  static const RestJson kRestJson;
  static const RestXml kRestXml;
  static const RpcV2Cbor kRpcV2Cbor;
  switch (protocol) {
    case Protocol::Query:
      return kQuery;
    case Protocol::Ec2:
      return kEc2Query;
    case Protocol::Json10:
      return kJson10;
    case Protocol::Json11:
      return kJson11;
    case Protocol::RestJson:
      return kRestJson;
    case Protocol::RestXml:
      return kRestXml;
    case Protocol::RpcV2Cbor:
      return kRpcV2Cbor;
  }
  check_failed("a known protocol", __FILE__, __LINE__);
}

}  // namespace holm::aws
