// Only the standard library, as that is all that every function has.

#include "services/lambda/cfn_response.h"

namespace holm::lambda {

namespace {

constexpr std::string_view kModule = R"py(
import json
import urllib.error
import urllib.request

SUCCESS = "SUCCESS"
FAILED = "FAILED"


def send(event, context, responseStatus, responseData, physicalResourceId=None, noEcho=False, reason=None):
    answer = {
        "Status": responseStatus,
        "Reason": reason or f"See the details in CloudWatch Log Stream: {context.log_stream_name}",
        "PhysicalResourceId": physicalResourceId or context.log_stream_name,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "NoEcho": noEcho,
        "Data": responseData,
    }
    text = json.dumps(answer)
    print("Response body:")
    print(text)
    request = urllib.request.Request(event["ResponseURL"], data=text.encode(), method="PUT",
                                     headers={"Content-Type": ""})
    try:
        with urllib.request.urlopen(request) as response:
            print("Status code:", response.status)
    except (OSError, urllib.error.HTTPError) as error:
        print("send(..) failed executing http.request(..):", error)
)py";

}  // namespace

std::string_view cfn_response_python() { return kModule; }

}  // namespace holm::lambda
