// The dispatch table. Generated from operations.list and the model; do not edit.

#include <span>

#include "services/sample/service.h"
#include "sample/handlers.h"
#include "sample/schema.h"

namespace holm::sample {

extern const aws::ServiceModel kModel;

namespace {

constexpr aws::Protocol kProtocols[] = {aws::Protocol::RestXml, aws::Protocol::Json11};

constexpr aws::ErrorModel kPutItemErrors[] = {{"NoSuchBox", "Box.None", 404}, {"slowDown", "slowDown", 500}};

constinit const aws::Operation kOperations[] = {
    {.model = &kModel, .name = "PutItem", .input = &schema::kPutItemRequest, .output = &schema::kPutItemResult, .http_method = "PUT", .http_uri = "/{Box}/{Key+}\?part=1", .http_status = 201, .result_wrapper = "PutItemResult", .input_name = "Put", .input_namespace = "http://sample/doc/", .mode = aws::Mode::Write, .is_unauthenticated = false, .errors = kPutItemErrors, .make_input = aws::Adapt<&put_item>::make_input, .invoke = aws::Adapt<&put_item>::invoke, .invoke_waiting = aws::Adapt<&put_item>::invoke_waiting, .body_bytes_max = 123456},
    {.model = &kModel, .name = "DescribeNode", .input = &aws::kNothing, .output = &schema::kNode, .http_method = "GET", .http_uri = "/node", .http_status = 200, .result_wrapper = "", .input_name = "", .input_namespace = "", .mode = aws::Mode::Read, .is_unauthenticated = true, .errors = {}, .make_input = aws::Adapt<&describe_node>::make_input, .invoke = aws::Adapt<&describe_node>::invoke, .invoke_waiting = aws::Adapt<&describe_node>::invoke_waiting},
    {.model = &kModel, .name = "GetStream", .input = &schema::kGetStreamRequest, .output = &schema::kGetStreamResult, .http_method = "GET", .http_uri = "/stream", .http_status = 200, .result_wrapper = "", .input_name = "", .input_namespace = "", .mode = aws::Mode::Waits, .is_unauthenticated = false, .errors = {}, .make_input = aws::Adapt<&get_stream>::make_input, .invoke = aws::Adapt<&get_stream>::invoke, .invoke_waiting = aws::Adapt<&get_stream>::invoke_waiting},
};

constexpr aws::RequiredPart kPeekRequired[] = {{aws::Location::QueryString, "depth"}, {aws::Location::Header, "x-why"}};
constexpr aws::UnbuiltOperation kUnbuilt[] = {
    {"Watch", "GET", "/watch"},
    {"Peek", "GET", "/node", kPeekRequired},
    {"Service", "POST", "/"},
};

}  // namespace

constinit const aws::ServiceModel kModel{.name = "sample", .service_id = "Sample", .endpoint_prefix = "sample", .signing_name = "samples", .iam_prefix = "patched", .target_prefix = "Sample_20200101", .api_version = "2020-01-01", .xml_namespace = "", .protocols = kProtocols, .is_query_compatible = false, .operations = kOperations, .unbuilt = kUnbuilt};

const aws::ServiceModel& model() { return kModel; }

}  // namespace holm::sample
