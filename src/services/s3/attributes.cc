// What is kept of an object besides its bytes.

#include "services/s3/attributes.h"

#include <array>

#include "aws/service/error.h"
#include "services/s3/metadata_text.h"

namespace holm::s3 {

namespace {

constexpr size_t kMetadataBytesMax = 2048;
constexpr std::array<std::string_view, 8> kClasses = {
    "STANDARD",   "STANDARD_IA",  "ONEZONE_IA",         "INTELLIGENT_TIERING",
    "GLACIER_IR", "DEEP_ARCHIVE", "REDUCED_REDUNDANCY", "GLACIER"};
// Classes of places that are not here.
constexpr std::array<std::string_view, 4> kOtherClasses = {"SNOW", "EXPRESS_ONEZONE", "FSX_OPENZFS",
                                                           "FSX_ONTAP"};

// There is always a map of user metadata.
constexpr std::string_view kBeforeType = R"({"Content-Type":")", kAfterType = R"(","x-amz-meta-":{}})";

// What stands in JSON as it is.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

}  // namespace

std::optional<std::string> attributes_of_type(std::string_view content_type) {
  if (content_type.empty() || !is_plain(content_type)) return std::nullopt;
  std::string text(kBeforeType);
  text += content_type;
  text += kAfterType;
  return text;
}

std::optional<std::string_view> only_type_in(std::string_view attributes) {
  if (attributes.size() < kBeforeType.size() + kAfterType.size()) return std::nullopt;
  if (!attributes.starts_with(kBeforeType) || !attributes.ends_with(kAfterType)) return std::nullopt;
  attributes.remove_prefix(kBeforeType.size());
  attributes.remove_suffix(kAfterType.size());
  return is_plain(attributes) ? std::optional(attributes) : std::nullopt;
}

std::string content_encoding_of(const std::string& header) {
  std::vector<std::string> kept;
  for (std::string_view part : split(header, ',')) {
    if (!trim(part).empty() && !equals_ignoring_case(trim(part), "aws-chunked"))
      kept.emplace_back(trim(part));
  }
  return join(kept, ", ");
}

std::map<std::string, std::string> metadata_of(const std::map<std::string, std::string>& given) {
  std::map<std::string, std::string> metadata;
  size_t bytes = 0;
  for (const auto& [name, value] : given) {
    bytes += name.size() + value.size();
    metadata[to_lower(name)] = read_metadata_text(value);
  }
  if (bytes > kMetadataBytesMax) {
    aws::ServiceError error("MetadataTooLarge", 400,
                            "Your metadata headers exceed the maximum allowed metadata size");
    error.with("Size", std::to_string(bytes)).with("MaxSizeAllowed", std::to_string(kMetadataBytesMax));
    throw error;
  }
  return metadata;
}

std::optional<std::string> redirect_location_of(const std::optional<std::string>& given) {
  const bool is_one =
      !given || given->starts_with("/") || given->starts_with("http://") || given->starts_with("https://");
  if (is_one) return given;
  throw aws::ServiceError(
      "InvalidRedirectLocation", 400,
      "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.");
}

std::string storage_class_of(const std::optional<std::string>& given) {
  const std::string name = given.value_or("STANDARD");
  if (std::ranges::find(kClasses, name) != kClasses.end()) return name;
  if (std::ranges::find(kOtherClasses, name) != kOtherClasses.end()) {
    throw aws::NotImplemented("The storage class " + name);
  }
  aws::ServiceError error("InvalidStorageClass", 400, "The storage class you specified is not valid");
  error.with("StorageClassRequested", name);
  throw error;
}

}  // namespace holm::s3
