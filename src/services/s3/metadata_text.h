// User metadata that is more than ASCII, as headers carry it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
#pragma once

#include <string>
#include <string_view>

namespace holm::s3 {

// What a header means: words such as "=?UTF-8?Q?caf=C3=A9?=" (RFC 2047) stand for their text. What is no such
// word, or would be no line of text, is left as it is.
std::string read_metadata_text(std::string_view header);

// What a header says: text that is not ASCII as one such word, in base64 when it is mostly not ASCII.
std::string write_metadata_text(std::string_view text);

}  // namespace holm::s3
