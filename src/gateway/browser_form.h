// Forms that browsers send to S3 to store a file: what they hold, as a request to store an object.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/byte_source.h"
#include "async/task.h"
#include "aws/schema/shape.h"
#include "aws/service/error.h"
#include "aws/signature/verify.h"
#include "formats/multipart.h"
#include "gateway/post_policy.h"
#include "http/message.h"

namespace holm::gateway {

bool is_browser_form(const http::Request& head);
// Nothing else than forms is posted to a bucket itself (the Host's, or empty for the path's): throws
// PreconditionFailed for what has another type.
void require_form_type(const http::Request& head, std::string_view bucket);

// Who signed a form's policy, as the form says.
struct FormClaim {
  std::string access_key_id;
  std::string token;                           // Empty for long-lived keys.
  std::optional<aws::signature::Scope> scope;  // Of version 4; none: version 2.
  std::string signature;
};

// A form up to its file, which is its last field; the file's bytes are read from it. One reactor.
class BrowserForm final : public async::ByteSource {
 private:
  struct Private {};

 public:
  // For read_start() only.
  BrowserForm(Private, std::unique_ptr<async::ByteSource> body, const http::Request& head, std::string bucket,
              std::string_view boundary);

  // Reads what comes before the file. Throws ServiceError. `bucket` is the Host's, or empty for the path's.
  static async::Task<std::shared_ptr<BrowserForm>> read_start(std::unique_ptr<async::ByteSource> body,
                                                              const http::Request& head, std::string bucket);

  const std::string* find(std::string_view lower_name) const;
  const std::string& bucket() const { return bucket_; }

  // Nothing of a form without a policy. Throws ServiceError for half of one.
  std::optional<FormClaim> claim() const;
  // Whether the claim is true and the form as its policy says. Throws ServiceError.
  void require_valid(const FormClaim& claim, std::string_view secret_access_key, Time now);

  // The form as PutObject. Throws ServiceError.
  http::Request put_request() const;
  // PutObject's answer as the form wants to have it.
  http::Response answer(http::Response stored) const;

  // The file. Throws ServiceError when it is not as long as the policy says.
  async::Task<std::string_view> read() override;

 private:
  async::Task<formats::MultipartReader::Event> next();
  void start_file();
  void require_size(uint64_t bytes, bool is_end) const;
  std::string key() const;

  std::unique_ptr<async::ByteSource> body_;
  const http::Request& head_;
  std::string bucket_;
  enum class Style { Path, Host } style_;
  formats::MultipartReader reader_;
  std::vector<FormField> fields_;
  std::string file_name_;
  std::string file_type_;
  FileLength length_;
  uint64_t bytes_ = 0;
  bool is_at_end_ = false;
};

}  // namespace holm::gateway
