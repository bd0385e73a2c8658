// Where a version's code comes from: packages that are stored, fetched and unpacked.
#pragma once

#include <optional>
#include <string>

#include "jobs/jobs.h"
#include "services/lambda/functions.h"

namespace holm::lambda {

inline constexpr char kCodeJob[] = "lambda.code";
inline constexpr char kPackageJob[] = "lambda.package";

// Has $LATEST given the package of a request: kept at once when it came along, or to be fetched
// from S3. Either way a job makes it ready; until then the function runs what it had. `row` is
// changed and has to be written.
void take_code(Service& service, Call& call, VersionRow& row, const FunctionCode& code);

// Has a package removed once nothing needs it.
void release_package(Service& service, Call& call, const std::string& package);

// The jobs.
jobs::Outcome prepare_code(Service& service, const jobs::Job& job);
jobs::Outcome remove_package(Service& service, const std::string& package);

}  // namespace holm::lambda
