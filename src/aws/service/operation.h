// The generated dispatch table: what an operation is and how its handler is called.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "async/task.h"
#include "aws/schema/shape.h"
#include "aws/service/call.h"

namespace holm::aws {

class ServiceBase;
struct ServiceModel;

// The input or output of an operation that has none.
struct Nothing {};

// An owned value of a type only its shape knows.
using Box = std::unique_ptr<void, void (*)(void*)>;

template <class T>
Box make_box(T value) {
  return Box(std::make_unique<T>(std::move(value)).release(),
             [](void* p) { std::unique_ptr<T> owned(static_cast<T*>(p)); });
}

// An empty input for a codec to fill.
template <class T>
Box make_empty_box() {
  T value{};
  start_reading(value);
  return make_box(std::move(value));
}

enum class Protocol : uint8_t { Query, Ec2, Json10, Json11, RestJson, RestXml, RpcV2Cbor };

// Read handlers get a read transaction. Waiting ones are coroutines without one.
enum class Mode : uint8_t { Read, Write, Waits };

// An error of the model: its shape's name, the code on the wire and the HTTP status.
struct ErrorModel {
  std::string_view shape;
  std::string_view code;
  int http_status;
};

struct Operation {
  const ServiceModel* model;
  std::string_view name;
  const Shape* input;  // Never null; an empty structure when there is none.
  const Shape* output;
  std::string_view http_method;     // "POST"
  std::string_view http_uri;        // "/{Bucket}/{Key+}?list-type=2"
  int http_status;                  // Of success, unless a member says otherwise.
  std::string_view result_wrapper;  // Query protocol: "DescribeStacksResult"; empty: none.
  std::string_view input_name;      // rest-xml: root element of the body, when the model names it.
  std::string_view input_namespace;
  Mode mode;
  bool is_unauthenticated;  // authtype "none".
  std::span<const ErrorModel> errors;
  Box (*make_input)();
  Box (*invoke)(ServiceBase&, Call&, const void* input);                  // Read and Write.
  async::Task<Box> (*invoke_waiting)(ServiceBase&, LongCall, Box input);  // Waits.
  size_t body_bytes_max = 0;  // Where AWS takes larger bodies than other operations' (`body_bytes_max:`).
};

// What a REST request must carry to be for an operation.
struct RequiredPart {
  Location location;  // QueryString or Header.
  std::string_view name;
};

// An operation of the model that holm does not serve: it is recognised and refused by name.
struct UnbuiltOperation {
  std::string_view name;
  std::string_view http_method;
  std::string_view http_uri;
  std::span<const RequiredPart> required = {};
};

// What a service's model says about the service as a whole. Generated; lives for ever.
struct ServiceModel {
  std::string_view name;             // The folder: "autoscaling".
  std::string_view service_id;       // "Auto Scaling"
  std::string_view endpoint_prefix;  // "autoscaling": also the host's first label.
  std::string_view
      signing_name;  // The scope's service in SigV4; the prefix of IAM actions unless `iam_prefix`.
  std::string_view iam_prefix;
  std::string_view target_prefix;  // X-Amz-Target before the dot; empty: none.
  std::string_view api_version;    // "2011-01-01"
  std::string_view xml_namespace;
  std::span<const Protocol> protocols;  // The preferred one first.
  // The code for input that the model does not allow, and for a member that is missing: where they are not the
  // protocol's usual ones. `validationCode` and `missingCode` in a patch of the model's metadata.
  std::string_view validation_code = {};
  std::string_view missing_code = {};
  bool is_query_compatible;             // awsQueryCompatible: errors carry x-amzn-query-error.
  std::span<const Operation> operations;
  std::span<const UnbuiltOperation> unbuilt;
};

const Operation* find_operation(const ServiceModel& model, std::string_view name);

// Adapts a typed handler to the table: `Output handler(Service&, Call&, const Input&)` or, for an operation
// that waits, `async::Task<Output> handler(Service&, LongCall, Input)`.
template <auto handler>
struct Adapt;

template <class Output, class Service, class Input, Output (*handler)(Service&, Call&, const Input&)>
struct Adapt<handler> {
  static Box make_input() { return make_empty_box<Input>(); }
  static Box invoke(ServiceBase& service, Call& call, const void* input) {
    return make_box(handler(static_cast<Service&>(service), call, *static_cast<const Input*>(input)));
  }
  static constexpr auto invoke_waiting = nullptr;
};

template <class Output, class Service, class Input, async::Task<Output> (*handler)(Service&, LongCall, Input)>
struct Adapt<handler> {
  static Box make_input() { return make_empty_box<Input>(); }
  static constexpr auto invoke = nullptr;
  static async::Task<Box> invoke_waiting(ServiceBase& service, LongCall call, Box input) {
    Input& typed = *static_cast<Input*>(input.get());
    Output output = co_await handler(static_cast<Service&>(service), std::move(call), std::move(typed));
    co_return make_box(std::move(output));
  }
};

}  // namespace holm::aws
