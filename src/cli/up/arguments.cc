// Reads the words after `holm up`.

#include "cli/up/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/characters.h"
#include "base/strings.h"

namespace holm::cli {

namespace {

constexpr size_t kSecretLengthMin = 8;
constexpr size_t kSecretLengthMax = 128;

Result<void> take_parameter(UpArguments& arguments, const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos)
    return failure(fmt::format("--parameter wants NAME=VALUE, not \"{}\"", text));
  arguments.parameters.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  return {};
}

Result<void> take_secret(UpArguments& arguments, const std::string& text) {
  SecretParameter secret{.name = text};
  if (const size_t colon = text.find(':'); colon != std::string::npos) {
    const auto length = parse_integer(std::string_view(text).substr(colon + 1));
    if (!length || *length < static_cast<long long>(kSecretLengthMin) ||
        *length > static_cast<long long>(kSecretLengthMax))
      return failure(fmt::format("the length in --secret {} is from {} to {}", text, kSecretLengthMin,
                                 kSecretLengthMax));
    secret = {.name = text.substr(0, colon), .length = static_cast<size_t>(*length)};
  }
  if (secret.name.empty() || secret.name.find('=') != std::string::npos)
    return failure(fmt::format("--secret wants the NAME of a parameter or NAME:LENGTH, not \"{}\"", text));
  arguments.secrets.push_back(std::move(secret));
  return {};
}

Result<void> take_upload(UpArguments& arguments, const std::string& text) {
  constexpr std::string_view kArrow = "=s3://";
  // The first one: a key may hold anything.
  const size_t arrow = text.find(kArrow);
  const size_t place = arrow == std::string::npos ? 0 : arrow + kArrow.size();
  const size_t slash = arrow == std::string::npos ? arrow : text.find('/', place);
  if (arrow == 0 || slash == std::string::npos || slash == place || slash + 1 == text.size())
    return failure(fmt::format("--upload wants FILE=s3://BUCKET/KEY, not \"{}\"", text));
  arguments.uploads.push_back({.file = text.substr(0, arrow),
                               .bucket = text.substr(place, slash - place),
                               .key = text.substr(slash + 1)});
  return {};
}

Result<void> take_stack_name(UpArguments& arguments, const std::string& text) {
  arguments.stack_name = text;
  return {};
}

Result<void> take_capability(UpArguments& arguments, const std::string& text) {
  arguments.capabilities.push_back(text);
  return {};
}

using Taker = Result<void> (*)(UpArguments&, const std::string&);

const std::map<std::string_view, Taker>& takers() {
  static const std::map<std::string_view, Taker> all = {{"--stack-name", take_stack_name},
                                                        {"--parameter", take_parameter},
                                                        {"--secret", take_secret},
                                                        {"--capability", take_capability},
                                                        {"--upload", take_upload}};
  return all;
}

}  // namespace

std::string stack_name_for(const std::string& template_path) {
  const std::filesystem::path path = std::filesystem::path(template_path).lexically_normal();
  std::string name = path.stem().string();
  if (name == "template" || name == "stack") {
    const std::string folder = path.has_parent_path() ? path.parent_path().filename().string() : "";
    if (!folder.empty() && folder != "." && folder != "..") name = folder;
  }
  std::ranges::replace_if(name, [](char c) { return !is_letter_or_digit(c); }, '-');
  name.erase(0, name.find_first_not_of("-0123456789"));
  return name.empty() ? "stack" : name.substr(0, 128);
}

Result<UpArguments> parse_up_arguments(const std::vector<std::string>& words) {
  UpArguments arguments;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("--")) {
      if (!arguments.template_path.empty())
        return failure(
            fmt::format("there is one template, {}; what is \"{}\"?", arguments.template_path, word));
      arguments.template_path = word;
      continue;
    }
    const auto taker = takers().find(word);
    if (taker == takers().end())
      return failure(fmt::format("holm up knows no option \"{}\"; holm help lists them", word));
    if (i + 1 == words.size()) return failure(word + " needs a value");
    if (auto taken = taker->second(arguments, words[++i]); !taken) return std::unexpected(taken.error());
  }
  const bool has_options = words.size() > (arguments.template_path.empty() ? 0u : 1u);
  if (arguments.template_path.empty() && has_options)
    return failure("which template? holm up TEMPLATE deploys one");
  if (arguments.stack_name.empty()) arguments.stack_name = stack_name_for(arguments.template_path);
  return arguments;
}

}  // namespace holm::cli
