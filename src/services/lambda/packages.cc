// Deployment packages by libarchive. What is in an archive is not trusted: neither names nor sizes.

#include "services/lambda/packages.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>

#include "base/check.h"
#include "base/files.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "crypto/hash.h"

namespace holm::lambda {

namespace {

constexpr size_t kEntriesMax = 100'000;
constexpr size_t kNameBytesMax = 1024;
constexpr char kUnreadable[] =
    "Could not unzip uploaded file. Please check your file, then try to upload again.";
constexpr char kTooLarge[] = "Unzipped size must be smaller than 262144000 bytes";

using Reader = std::unique_ptr<archive, decltype(&archive_read_free)>;

using Visit = std::function<Result<void>(archive* source, archive_entry* entry)>;

// Calls `visit` for each entry, up to the first failure.
Result<void> for_each_entry(std::string_view zip, const Visit& visit) {
  Reader reader(archive_read_new(), &archive_read_free);
  archive_read_support_format_zip_seekable(reader.get());
  if (archive_read_open_memory(reader.get(), zip.data(), zip.size()) != ARCHIVE_OK) {
    return failure(kUnreadable);
  }
  size_t entries = 0;
  while (true) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    if (status != ARCHIVE_OK) return failure(kUnreadable);
    if (++entries > kEntriesMax) return failure("The archive has more than 100000 entries.");
    if (auto done = visit(reader.get(), entry); !done) return done;
  }
  if (entries == 0) return failure("Uploaded file must be a non-empty zip");
  return {};
}

Result<void> check_entry(archive_entry* entry) {
  const char* name = archive_entry_pathname(entry);
  if (!name || !is_safe_entry_name(name)) return failure(kUnreadable);
  const auto type = archive_entry_filetype(entry);
  if (type == AE_IFLNK) {
    return failure(std::string("A symbolic link in a package is not implemented by holm: ") + name);
  }
  if (type != AE_IFREG && type != AE_IFDIR) return failure(kUnreadable);
  return {};
}

Result<void> write_entry(archive* source, const std::string& path, unsigned mode, uint64_t& left) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file) return failure(kUnreadable);
  while (true) {
    const void* block = nullptr;
    size_t bytes = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(source, &block, &bytes, &offset);
    if (status == ARCHIVE_EOF) return {};
    if (status != ARCHIVE_OK || offset < 0) return failure(kUnreadable);
    if (bytes > left) return failure(kTooLarge);
    left -= bytes;
    std::string_view rest(static_cast<const char*>(block), bytes);
    while (!rest.empty()) {
      const ssize_t written = ::pwrite(file.get(), rest.data(), rest.size(), offset);
      if (written <= 0) return failure("The package cannot be written to the disk.");
      rest.remove_prefix(static_cast<size_t>(written));
      offset += written;
    }
  }
}

}  // namespace

bool is_safe_entry_name(std::string_view name) {
  if (name.ends_with('/')) name.remove_suffix(1);
  if (name.empty() || name.size() > kNameBytesMax || name.find('\\') != std::string_view::npos) {
    return false;
  }
  return std::ranges::all_of(split(name, '/'), [](std::string_view part) {
    return !part.empty() && part != "." && part != ".." && part.size() <= 255;
  });
}

Result<void> check_archive(std::string_view zip) {
  uint64_t total = 0;
  return for_each_entry(zip, [&](archive*, archive_entry* entry) -> Result<void> {
    if (auto checked = check_entry(entry); !checked) return checked;
    const la_int64_t size = archive_entry_size(entry);
    if (size > 0) total += static_cast<uint64_t>(size);
    if (total > kUnzippedBytesMax) return failure(kTooLarge);
    return {};
  });
}

Result<void> unpack_archive(std::string_view zip, const std::string& folder, uint64_t bytes_max) {
  uint64_t left = bytes_max;
  return for_each_entry(zip, [&](archive* source, archive_entry* entry) -> Result<void> {
    if (auto checked = check_entry(entry); !checked) return checked;
    const std::string path = folder + "/" + archive_entry_pathname(entry);
    if (archive_entry_filetype(entry) == AE_IFDIR) return make_directories(path, 0755);
    if (auto made = make_directories(path.substr(0, path.rfind('/')), 0755); !made) return made;
    // Everybody may read, as functions run as a user of their own.
    const bool runs = (archive_entry_perm(entry) & 0111) != 0;
    return write_entry(source, path, runs ? 0755 : 0644, left);
  });
}

std::string make_archive(const std::string& name, std::string_view content, unsigned mode) {
  return make_archive({{name, content, mode}});
}

std::string make_archive(const std::vector<PackedFile>& files) {
  std::unique_ptr<archive, decltype(&archive_write_free)> writer(archive_write_new(), &archive_write_free);
  size_t bytes_max = 4096;
  for (const PackedFile& file : files) bytes_max += file.content.size() + file.name.size() * 2 + 1024;
  std::string bytes(bytes_max, '\0');
  size_t used = 0;
  archive_write_set_format_zip(writer.get());
  archive_write_zip_set_compression_store(writer.get());
  archive_write_set_bytes_per_block(writer.get(), 0);
  CHECK(archive_write_open_memory(writer.get(), bytes.data(), bytes.size(), &used) == ARCHIVE_OK);
  for (const PackedFile& file : files) {
    std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                        &archive_entry_free);
    archive_entry_set_pathname(entry.get(), file.name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.content.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), static_cast<__LA_MODE_T>(file.mode));
    // The same text gives the same package.
    archive_entry_set_mtime(entry.get(), 315'532'800, 0);
    CHECK(archive_write_header(writer.get(), entry.get()) == ARCHIVE_OK);
    CHECK(archive_write_data(writer.get(), file.content.data(), file.content.size()) ==
          static_cast<la_ssize_t>(file.content.size()));
  }
  CHECK(archive_write_close(writer.get()) == ARCHIVE_OK);
  bytes.resize(used);
  return bytes;
}

std::string Packages::archive_path(const std::string& digest) const {
  return directory_ + "/packages/" + digest + ".zip";
}

Result<std::string> Packages::store(std::string_view zip) const {
  if (auto checked = check_archive(zip); !checked) return std::unexpected(checked.error());
  const auto hash = crypto::sha256(zip);
  std::string digest = hex_encode(crypto::bytes_of(hash));
  if (auto made = make_directories(directory_ + "/packages"); !made) {
    return std::unexpected(made.error());
  }
  std::error_code error;
  if (std::filesystem::exists(archive_path(digest), error)) return digest;
  auto written = write_file_durably(archive_path(digest), zip);
  if (!written) return std::unexpected(written.error());
  return digest;
}

Result<void> Packages::unpack(const std::string& digest) const {
  std::error_code error;
  const std::string folder = code_path(digest);
  if (std::filesystem::exists(folder, error)) return {};
  auto zip = read_file(archive_path(digest));
  if (!zip) return std::unexpected(zip.error());
  // Beside its place, so that a folder of that name is always complete.
  const std::string partial = folder + ".partial";
  std::filesystem::remove_all(partial, error);
  if (auto made = make_directories(partial, 0755); !made) return made;
  if (auto done = unpack_archive(*zip, partial, kUnzippedBytesMax); !done) {
    std::filesystem::remove_all(partial, error);
    return done;
  }
  std::filesystem::rename(partial, folder, error);
  if (error) return failure("cannot keep the unpacked package: " + error.message());
  return {};
}

void Packages::remove(const std::string& digest) const {
  std::error_code ignored;
  std::filesystem::remove(archive_path(digest), ignored);
  std::filesystem::remove_all(code_path(digest), ignored);
}

}  // namespace holm::lambda
