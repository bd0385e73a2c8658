// The functions that src/services/sample defines. Generated from the service's model; do not edit.
#pragma once

#include "async/task.h"
#include "aws/service/operation.h"
#include "sample/errors.h"
#include "sample/types.h"

namespace holm::sample {

using aws::Call;
using aws::LongCall;
using aws::Nothing;

class Service;

PutItemResult put_item(Service&, Call&, const PutItemRequest&);
Node describe_node(Service&, Call&, const aws::Nothing&);
async::Task<GetStreamResult> get_stream(Service&, LongCall, GetStreamRequest);

// What the gateway knows of the service.
const aws::ServiceModel& model();

}  // namespace holm::sample
