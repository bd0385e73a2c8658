// Stacks as resources of other stacks.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html
#pragma once

#include <string>

#include "aws/service/call.h"

namespace holm::jobs {
struct Job;
struct Outcome;
}  // namespace holm::jobs

namespace holm::cloudformation {

class Service;

inline constexpr char kNestedJob[] = "cloudformation.nested";

// The job that begins the operation of a nested stack which its parent's operation wants.
jobs::Outcome begin_nested(Service& service, const jobs::Job& job);

// Lets the nested stacks of a stack clean up after an update that succeeded as a whole; whether all have.
bool finish_nested(sql::Transaction& transaction, const std::string& stack_id);

}  // namespace holm::cloudformation
