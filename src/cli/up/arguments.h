// What `holm up` is told on its command line.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace holm::cli {

struct Upload {
  std::string file;
  std::string bucket;
  std::string key;
  friend bool operator==(const Upload&, const Upload&) = default;
};

// A parameter whose value is made up once and kept.
struct SecretParameter {
  std::string name;
  size_t length = 32;
  friend bool operator==(const SecretParameter&, const SecretParameter&) = default;
};

struct UpArguments {
  std::string template_path;  // Empty: only the region is started.
  std::string stack_name;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::vector<SecretParameter> secrets;
  std::vector<std::string> capabilities;
  std::vector<Upload> uploads;
};

// The words after the verb, holm's own options taken out.
Result<UpArguments> parse_up_arguments(const std::vector<std::string>& words);

// "shop" of "shop.yaml", "school" of "apps/school/template.yaml".
std::string stack_name_for(const std::string& template_path);

}  // namespace holm::cli
