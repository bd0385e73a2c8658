// Reading and making it.

#include "region/account_file.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/files.h"
#include "base/strings.h"

namespace holm::region {

namespace {

constexpr size_t kDigits = 12;

}  // namespace

Result<std::string> load_or_make_account(const std::string& path, Random& random) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    auto text = read_file(path);
    if (!text) return text;
    const std::string_view number = trim(*text);
    if (number.size() == kDigits && parse_integer(number)) return std::string(number);
    return failure(fmt::format("{} holds no account's number of {} digits; the region cannot tell whose it is",
                               path, kDigits));
  }
  const std::string account = std::to_string(100'000'000'000 + random.below(900'000'000'000));
  if (auto written = write_file_durably(path, account + "\n"); !written) {
    return std::unexpected(written.error());
  }
  return account;
}

}  // namespace holm::region
