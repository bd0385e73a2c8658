// The administrator's key on disk.

#include "region/credentials_file.h"

#include <fmt/format.h>

#include "base/files.h"
#include "base/strings.h"

namespace holm::region {

Result<void> write_credentials(const std::string& path, const AdministratorKey& key) {
  const std::string content = fmt::format("# The administrator of account {}.\n[default]\naws_account_id = {}\n"
                                          "aws_access_key_id = {}\naws_secret_access_key = {}\n",
                                          key.account, key.account, key.access_key_id, key.secret_access_key);
  if (read_file(path) == content) return {};
  return write_file_durably(path, content, 0600);
}

Result<AdministratorKey> read_credentials(const std::string& path) {
  auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  AdministratorKey key;
  for (std::string_view line : split(*text, '\n')) {
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || line.starts_with('#')) continue;
    const std::string_view name = trim(line.substr(0, equals));
    const std::string value(trim(line.substr(equals + 1)));
    if (name == "aws_account_id") key.account = value;
    if (name == "aws_access_key_id") key.access_key_id = value;
    if (name == "aws_secret_access_key") key.secret_access_key = value;
  }
  if (key.access_key_id.empty() || key.secret_access_key.empty()) return failure(path + " holds no key");
  return key;
}

}  // namespace holm::region
