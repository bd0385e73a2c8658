// Functions and their versions: names, rows, and what an invocation needs to know of them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "aws/service/call.h"
#include "lambda/types.h"
#include "services/lambda/target.h"

namespace holm::lambda {

using aws::Call;

class Service;

inline constexpr char kLatest[] = "$LATEST";

// What FunctionName and Qualifier say together. `account` and `region` are the function's.
struct FunctionId {
  std::string account;
  std::string region;
  std::string name;
  std::string qualifier;  // A version, an alias, or empty.

  // arn:aws:lambda:region:account:function:name[:qualifier]
  std::string arn() const;
  std::string unqualified_arn() const;
};

// Reads a name, a partial ARN or an ARN. Throws when it is none of them, or when it and
// `qualifier` disagree.
FunctionId function_id(const aws::Caller& caller, const std::string& name,
                       const std::optional<std::string>& qualifier = std::nullopt);

struct VersionRow {
  std::string account;
  std::string region;
  std::string name;
  std::string version;
  FunctionConfiguration configuration;
  std::string package;              // Empty until it was fetched.
  std::optional<int64_t> reserved;  // Of the function.
};

// ResourceNotFoundException: Function not found: arn:…
VersionRow require_version(Call& call, const FunctionId& id);
std::optional<VersionRow> find_version(Call& call, const FunctionId& id);
void write_version(Call& call, const VersionRow& row);
// For requests that name the function as a whole.
void require_function(Call& call, const FunctionId& id);

// Over those that are there; of at most 50 beside AWS's own.
void write_tags(Call& call, const FunctionId& id, const std::map<std::string, std::string>& tags);

// What is answered: with the ARN as it was asked for.
FunctionConfiguration configuration_of(const VersionRow& row, const FunctionId& id);

std::shared_ptr<const Target> target_of(Service& service, const VersionRow& row, const FunctionId& id);

}  // namespace holm::lambda
