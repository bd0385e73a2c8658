// User data that is a #cloud-config: the common part of what cloud-init understands.
// https://cloudinit.readthedocs.io/en/latest/reference/modules.html
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace holm::ec2 {

bool is_cloud_config(std::string_view user_data);

// Why a document cannot be carried out: it is wrong, or asks for what is not built.
struct CloudConfigProblem {
  enum class Kind { Wrong, NotBuilt };
  Kind kind = Kind::Wrong;
  std::string message;
};

// The shell script that does what a #cloud-config says, in cloud-init's order: write_files, package_update,
// package_upgrade, packages, deferred files, runcmd. As there, what fails does not keep the rest from being
// done. Of untrusted text; bounded by the text's length.
Result<std::string, CloudConfigProblem> script_of(std::string_view cloud_config);

}  // namespace holm::ec2
