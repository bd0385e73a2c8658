// How deliveries went, as events in CloudWatch Logs.
// https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html
#pragma once

#include <string>

#include "services/sns/parcel.h"

namespace holm::sns {

// Part of the call's transaction. What Logs says against it is a warning in the daemon's log.
void log_status(Call& call, const Courier::Parcel& parcel, const Courier::Outcome& outcome,
                const std::string& delivery_id);

}  // namespace holm::sns
