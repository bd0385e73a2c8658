// What comes back to CloudFormation at the URLs it gave away: answers about custom resources, signals of wait
// conditions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "formats/value.h"

namespace holm::cloudformation {

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
constexpr size_t kReplyBytesMax = 4096;

// What an answer has to be about.
struct Asked {
  std::string_view stack_id;
  std::string_view logical_id;
  std::string_view request_id;
};

struct Reply {
  enum class Status { Success, Failed } status = Status::Success;
  std::string reason;
  std::string physical_id;  // Empty: it names none.
  formats::Object data;
  bool no_echo = false;
};

// Fails with a sentence for the resource's event.
Result<Reply> read_reply(std::string_view text, const Asked& asked);

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html
struct WaitSignal {
  enum class Status { Success, Failure } status = Status::Success;
  std::string reason;
  std::string unique_id;
  std::string data;
};
Result<WaitSignal> read_wait_signal(std::string_view text);

}  // namespace holm::cloudformation
