// S3's records as bytes. Reading takes any bytes, and gives nothing for those that are none.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/s3/uploads.h"
#include "services/s3/versions.h"

namespace holm::s3 {

// But for what its place says: the key, the id where it is a past one, and whether it is current.
std::string encode_version(const VersionRow& row);
std::optional<VersionRow> read_version(std::string_view bytes);
// The same of a key; InternalError for what is none.
VersionRow version_in(std::string_view bytes, std::string key, bool is_current);
// The same of a record that may not be there.
std::optional<VersionRow> found_version_in(const std::optional<std::string>& bytes, const std::string& key,
                                           bool is_current);
// Only what permissions depend on.
std::optional<Standing> found_standing_in(const std::optional<std::string>& bytes, std::string_view key);
// Only what lists tell of a current one, with views into both; nothing of a delete marker. InternalError.
std::optional<Outline> outline_in(std::string_view bytes, std::string_view key);

// But for what they hold.
std::string encode_pieces(const std::vector<Piece>& pieces);
std::optional<std::vector<Piece>> read_pieces(std::string_view bytes);

// But for its id.
std::string encode_upload(const UploadRow& row);
std::optional<UploadRow> read_upload(std::string_view bytes);

// But for its number.
std::string encode_part(const PartRow& row);
std::optional<PartRow> read_part(std::string_view bytes);

// Where the version is that an upload became.
struct Completed {
  int64_t bucket = 0;
  std::string key;
  std::string version;
};
std::string encode_completed(const Completed& completed);
std::optional<Completed> read_completed(std::string_view bytes);

}  // namespace holm::s3
