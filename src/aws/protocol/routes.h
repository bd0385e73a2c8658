// Which operation of a REST service a method, path and query string mean.
#pragma once

#include <string_view>

#include "aws/service/operation.h"

namespace holm::http {
struct Request;
}

namespace holm::aws {

// The route that fits best. Both pointers are null when none does.
struct Route {
  const Operation* operation = nullptr;
  const UnbuiltOperation* unbuilt = nullptr;
  int score = -1;  // To compare routes of several services; the higher, the more specific.
};

// Of the templates that fit, the most specific: with the most fixed segments, then with the most
// demands on the query string and headers. Members that the model requires there tell operations
// apart that share a template (UploadPart from PutObject); a request that lacks some for each of
// them is given to the least demanding, whose validation names what is missing.
Route find_route(const ServiceModel& model, const http::Request& request, std::string_view path);

}  // namespace holm::aws
