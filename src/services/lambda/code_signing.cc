// Code signing: no function has a configuration of it, and clients ask each function for its own.

#include "lambda/handlers.h"
#include "services/lambda/functions.h"

namespace holm::lambda {

// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionCodeSigningConfig.html
// Without a configuration the answer is empty.
GetFunctionCodeSigningConfigResponse get_function_code_signing_config(
    Service&, Call& call, const GetFunctionCodeSigningConfigRequest& request) {
  require_function(call, function_id(call, request.function_name));
  return {};
}

}  // namespace holm::lambda
