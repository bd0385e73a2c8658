// Deployment packages: zip archives that are checked, kept and unpacked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holm::lambda {

// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
inline constexpr size_t kZippedBytesMax = 52'428'800;       // Of a package sent with the request.
inline constexpr uint64_t kUnzippedBytesMax = 262'144'000;  // Of every package.

// Owns `directory`; any thread. A package is known by its SHA-256 in hexadecimal digits.
class Packages final {
 public:
  explicit Packages(std::string directory) : directory_(std::move(directory)) {}

  // Keeps `zip`, on disk when this returns. Fails with AWS's words when it is no archive that can
  // be unpacked: the names and declared sizes of all entries are looked at.
  Result<std::string> store(std::string_view zip) const;
  // Makes the folder of a package that is kept. Idempotent; blocks for as long as unpacking takes.
  Result<void> unpack(const std::string& digest) const;
  void remove(const std::string& digest) const;
  std::string code_path(const std::string& digest) const { return directory_ + "/code/" + digest; }

 private:
  std::string archive_path(const std::string& digest) const;

  std::string directory_;
};

// Whether an entry may be called so: relative, without "." and "..", of bounded length.
bool is_safe_entry_name(std::string_view name);
// Looks at every entry without unpacking any.
Result<void> check_archive(std::string_view zip);
// Unpacks into `folder`, which exists and is empty; stops beyond `bytes_max`.
Result<void> unpack_archive(std::string_view zip, const std::string& folder, uint64_t bytes_max);

struct PackedFile {
  std::string name;
  std::string_view content;
  unsigned mode = 0644;
};
std::string make_archive(const std::vector<PackedFile>& files);
// An archive of one file.
std::string make_archive(const std::string& name, std::string_view content, unsigned mode = 0644);

}  // namespace holm::lambda
