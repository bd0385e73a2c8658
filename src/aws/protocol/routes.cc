// Which operation of a REST service a method, path and query string mean.

#include "aws/protocol/routes.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "aws/protocol/uri_template.h"
#include "base/strings.h"
#include "formats/form.h"
#include "http/message.h"

namespace holm::aws {

namespace {

// Scores compare in this order: fixed segments, constants of the query string, labels fewer, then
// members that are required and present.
constexpr int kLiteralWeight = 10000;
constexpr int kConstantWeight = 100;

bool has_constants(std::string_view uri_template, const formats::Form& query, int& count) {
  for (const UriConstant& constant : uri_constants(uri_template)) {
    const std::string* value = formats::find_field(query, constant.name);
    if (!value || (constant.has_value && *value != constant.value)) return false;
    ++count;
  }
  return true;
}

// How many members must stand in the query string or headers; negative when some do not.
int required_members(const Operation& operation, const http::Request& request,
                     const formats::Form& query) {
  int present = 0;
  int missing = 0;
  for (const Member& member : operation.input->members) {
    if (!member.required) continue;
    bool is_there = true;
    if (member.location == Location::QueryString) {
      is_there = formats::find_field(query, member.wire_name) != nullptr;
    } else if (member.location == Location::Header) {
      is_there = request.headers.has(member.wire_name);
    } else {
      continue;
    }
    ++(is_there ? present : missing);
  }
  return missing == 0 ? present : -missing;
}

// The score without what the input requires; nothing when the route does not fit.
std::optional<int> template_score(std::string_view method, std::string_view uri_template,
                                  const http::Request& request, std::string_view path,
                                  const formats::Form& query) {
  if (method != request.method) return std::nullopt;
  auto match = match_uri(uri_template, path);
  if (!match) return std::nullopt;
  int constants = 0;
  if (!has_constants(uri_template, query, constants)) return std::nullopt;
  return match->literals * kLiteralWeight + constants * kConstantWeight;
}

}  // namespace

Route find_route(const ServiceModel& model, const http::Request& request, std::string_view path) {
  auto query = formats::parse_form(request.query);
  if (!query) query = formats::Form();  // Reading the input says what is wrong with it.
  Route best;
  Route lacking{.score = std::numeric_limits<int>::min()};  // Without all of its required members.
  for (const Operation& operation : model.operations) {
    auto score = template_score(operation.http_method, operation.http_uri, request, path, *query);
    if (!score) continue;
    int required = required_members(operation, request, *query);
    Route& route = required >= 0 ? best : lacking;
    if (*score + required > route.score) route = {&operation, nullptr, *score + required};
  }
  if (!best.operation && lacking.operation)
    best = {lacking.operation, nullptr, std::max(lacking.score, 0)};
  for (const UnbuiltOperation& unbuilt : model.unbuilt) {
    auto score = template_score(unbuilt.http_method, unbuilt.http_uri, request, path, *query);
    if (score && *score > best.score) best = {nullptr, &unbuilt, *score};
  }
  return best;
}

}  // namespace holm::aws
