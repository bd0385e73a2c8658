// Templates that lie in S3.

#include "services/cloudformation/template_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "async/byte_source.h"
#include "base/strings.h"
#include "s3/operations.h"
#include "services/cloudformation/stacks.h"
#include "stacks/template.h"

namespace holm::cloudformation {

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
std::optional<ObjectPlace> find_object_place(const std::string& url) {
  std::string_view rest = url;
  if (rest.starts_with("https://")) rest.remove_prefix(8);
  else if (rest.starts_with("http://")) rest.remove_prefix(7);
  else return std::nullopt;
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::string_view host = rest.substr(0, std::min(slash, rest.find(':')));
  std::string_view path = rest.substr(slash + 1);
  const size_t question = path.find('?');
  std::string_view query = question == std::string_view::npos ? "" : path.substr(question + 1);
  auto decoded = percent_decode(path.substr(0, question));
  if (!decoded) return std::nullopt;
  ObjectPlace place{.key = std::move(*decoded)};
  const size_t dot = std::max(host.rfind(".s3.") + 1, host.rfind(".s3-") + 1);
  if (dot > 0) {
    place.bucket = host.substr(0, dot - 1);
  } else {
    const size_t end = place.key.find('/');
    if (end == std::string::npos) return std::nullopt;
    place.bucket = place.key.substr(0, end);
    place.key.erase(0, end + 1);
  }
  for (std::string_view each : split(query, '&')) {
    if (each.starts_with("versionId=")) place.version = percent_decode(each.substr(10));
  }
  if (place.bucket.empty() || place.key.empty()) return std::nullopt;
  return place;
}

void require_body_size(const std::string& body) {
  if (body.size() <= stacks::kTemplateBodyBytesMax) return;
  throw_validation(fmt::format("Template may not exceed {} bytes in size.", stacks::kTemplateBodyBytesMax));
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
async::Task<std::string> fetch_template(aws::LongCall call, std::string url) {
  auto place = find_object_place(url);
  if (!place) throw_validation("TemplateURL must be a supported URL.");
  s3::GetObjectRequest request{.bucket = place->bucket, .key = place->key};
  request.version_id = place->version;
  aws::Caller caller = call;
  auto object = co_await call.client.call_waiting<s3::GetObject>(call.reactor, std::move(caller),
                                                                 std::move(request));
  if (!object.body) co_return std::string();
  auto text = co_await async::read_all(*object.body, stacks::kTemplateBytesMax);
  if (!text) throw_validation("Template may not exceed 1048576 bytes in size.");
  co_return std::move(*text);
}

}  // namespace holm::cloudformation
