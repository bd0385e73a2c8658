// Values of secure strings: KMS encrypts them, in the name of whoever writes and reads them.

#include "services/ssm/secure_strings.h"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "aws/service/attempt.h"
#include "aws/service/error.h"
#include "aws/service/region.h"
#include "base/strings.h"
#include "kms/operations.h"
#include "ssm/errors.h"

namespace holm::ssm {

namespace {

using aws::Call;

constexpr size_t kPieceBytes = 4096;  // As much as KMS encrypts at once.

// https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
std::map<std::string, std::string> context_of(const std::string& parameter_arn) {
  return {{"PARAMETER_ARN", parameter_arn}};
}

Call through_ssm(const Call& call) {
  Call through = call;
  through.via_service = fmt::format("ssm.{}.amazonaws.com", call.region);
  return through;
}

// KMS's refusal in SSM's words.
void ask_kms(const std::function<void()>& work) {
  const auto refused = aws::attempt(work);
  if (!refused) return;
  const size_t colon = refused->find(": ");
  const std::string code = refused->substr(0, colon);
  const std::string sentence = colon == std::string::npos ? "" : refused->substr(colon + 2);
  if (code.starts_with("AccessDenied")) throw aws::AccessDenied(sentence);
  throw InvalidKeyId(fmt::format("{} ({})", sentence, code));
}

}  // namespace

std::string encrypt_value(Call& call, const std::string& key, const Plain& plain) {
  std::string encrypted;
  for (size_t at = 0; at < plain.value.size(); at += kPieceBytes) {
    ask_kms([&] {
      Call through = through_ssm(call);
      const auto made =
          call.client.call<kms::Encrypt>(through, call.principal,
                                         {.key_id = key,
                                          .plaintext = plain.value.substr(at, kPieceBytes),
                                          .encryption_context = context_of(plain.parameter_arn)});
      if (at > 0) encrypted += ',';
      encrypted += base64_encode(made.ciphertext_blob.value_or(""));
    });
  }
  return encrypted;
}

std::string decrypt_value(Call& call, const std::string& parameter_arn, const std::string& encrypted) {
  std::string value;
  for (std::string_view piece : split(encrypted, ',')) {
    ask_kms([&] {
      Call through = through_ssm(call);
      const auto opened =
          call.client.call<kms::Decrypt>(through, call.principal,
                                         {.ciphertext_blob = base64_decode(piece).value_or(""),
                                          .encryption_context = context_of(parameter_arn)});
      value += opened.plaintext.value_or("");
    });
  }
  return value;
}

}  // namespace holm::ssm
