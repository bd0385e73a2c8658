// Values of secure strings: KMS encrypts them, in the name of whoever writes and reads them.
#pragma once

#include <optional>
#include <string>

#include "aws/service/call.h"

namespace holm::ssm {

// The key that is meant where none is named.
inline constexpr char kOwnKey[] = "alias/aws/ssm";

struct Plain {
  std::string parameter_arn;  // The encryption context.
  std::string value;
};

// The value as it is kept and told to who does not want it decrypted: ciphertexts in base64, one for each
// 4096 bytes, with commas between them. InvalidKeyId, AccessDeniedException.
std::string encrypt_value(aws::Call& call, const std::string& key, const Plain& plain);
// The other way; the same errors.
std::string decrypt_value(aws::Call& call, const std::string& parameter_arn, const std::string& encrypted);

}  // namespace holm::ssm
