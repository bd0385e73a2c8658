// The module `cfnresponse`, which CloudFormation puts beside Python code that stands in a template.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-lambda-function-code-cfnresponsemodule.html
#pragma once

#include <string_view>

namespace holm::lambda {

inline constexpr std::string_view kCfnResponseModule = "cfnresponse";

// Its text.
std::string_view cfn_response_python();

}  // namespace holm::lambda
