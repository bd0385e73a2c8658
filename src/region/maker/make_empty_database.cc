// Makes the database of a region that has nothing yet, as source text, while holm is built: making two hundred
// tables takes longer than everything else that a first start does. Usage: make_empty_database OUTPUT

#include <fmt/format.h>
#include <zlib.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "base/check.h"
#include "base/files.h"
#include "region/schemas.h"
#include "sql/database.h"

namespace {

std::string packed(const std::string& bytes) {
  uLongf size = ::compressBound(bytes.size());
  std::string result(size, '\0');
  CHECK(::compress2(reinterpret_cast<Bytef*>(result.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                    bytes.size(), Z_BEST_COMPRESSION) == Z_OK);
  result.resize(size);
  return result;
}

std::string source_of(std::string_view bytes) {
  constexpr size_t kBytesALine = 24;
  std::string text =
      "// The file of a new database, packed by zlib. Generated; do not edit.\n\n"
      "#include \"region/packed_database.h\"\n\n"
      "namespace holm::region {\n\n"
      "static constexpr unsigned char kBytes[] = {";
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i % kBytesALine == 0) text += "\n  ";
    text += fmt::format("{},", static_cast<unsigned char>(bytes[i]));
  }
  text +=
      "};\n\n"
      "std::string_view packed_database() { return {reinterpret_cast<const char*>(kBytes), sizeof kBytes}; }\n\n"
      "}  // namespace holm::region\n";
  return text;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::string output = arguments[1];
  const std::string path = output + ".db";
  std::filesystem::remove(path);
  holm::sql::open_sqlite(path, holm::region::schemas());
  const auto bytes = holm::read_file(path);
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  const auto written =
      bytes ? holm::write_file_volatile(output, source_of(packed(*bytes))) : std::unexpected(bytes.error());
  if (!written) fmt::print(stderr, "{}\n", written.error().message);
  return written ? 0 : 1;
}
