// What is kept of an object besides its bytes: headers, user metadata, storage class, tags.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "aws/codec/json_codec.h"
#include "base/check.h"
#include "base/strings.h"
#include "s3/schema.h"
#include "s3/types.h"
#include "services/s3/acls.h"
#include "services/s3/metadata_text.h"
#include "services/s3/tags.h"

namespace holm::s3 {

// "aws-chunked" is how a body travelled and no property of the object.
std::string content_encoding_of(const std::string& header);
// Throws MetadataTooLarge. https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
std::map<std::string, std::string> metadata_of(const std::map<std::string, std::string>& given);
// The class to be told back: everything lies on the same disk, so it only matters for prices.
// Objects in archives (archive.h) have to be restored. InvalidStorageClass; NotImplemented for other places.
std::string storage_class_of(const std::optional<std::string>& given);

// Where a web site sends visitors of the object instead. Throws InvalidRedirectLocation unless it is a path
// or a URL.
std::optional<std::string> redirect_location_of(const std::optional<std::string>& given);

// VersionRow::attributes of an object of which no more than its type is kept, as of most, written without a tree
// of values; nothing for a type that JSON escapes.
std::optional<std::string> attributes_of_type(std::string_view content_type);
// The other way round; nothing for text that says anything else, or says it in another way.
std::optional<std::string_view> only_type_in(std::string_view attributes);

// From VersionRow::attributes into an output that has such members.
template <class Output>
void read_attributes(std::string_view attributes, const aws::Shape& shape, Output& output) {
  if (const auto type = only_type_in(attributes)) {
    output.content_type = *type;
    return;
  }
  CHECK(aws::read_json(attributes, shape, &output).has_value());
  for (auto& [name, value] : output.metadata) value = write_metadata_text(value);
}

// The JSON for VersionRow::attributes, from a request that makes an object.
template <class Request>
std::string attributes_of(const Request& request) {
  HeadObjectOutput kept{.cache_control = request.cache_control,
                        .content_disposition = request.content_disposition,
                        .content_language = request.content_language,
                        .content_type = request.content_type.value_or("binary/octet-stream"),
                        .expires = request.expires,
                        .website_redirect_location = redirect_location_of(request.website_redirect_location),
                        .metadata = metadata_of(request.metadata)};
  if (request.content_encoding) {
    const std::string encoding = content_encoding_of(*request.content_encoding);
    if (!encoding.empty()) kept.content_encoding = encoding;
  }
  const bool is_plain = !kept.cache_control && !kept.content_disposition && !kept.content_language &&
                        !kept.content_encoding && !kept.expires && !kept.website_redirect_location &&
                        kept.metadata.empty();
  auto brief = is_plain ? attributes_of_type(*kept.content_type) : std::nullopt;
  if (brief) return std::move(*brief);
  return aws::write_json(schema::kHeadObjectOutput, &kept);
}

}  // namespace holm::s3
