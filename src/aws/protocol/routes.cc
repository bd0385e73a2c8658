// Which operation of a REST service a method, path and query string mean.

#include "aws/protocol/routes.h"

#include <algorithm>
#include <iterator>

#include "base/strings.h"
#include "formats/form.h"
#include "http/message.h"

namespace holm::aws {

namespace {

// Scores compare in this order: fixed segments, constants of the query string, members that are
// required and present, the operation that the client says it means.
constexpr int kLiteralWeight = 100000;
constexpr int kConstantWeight = 1000;
constexpr int kRequiredWeight = 2;

// Whether the query string has what a template wants of it.
bool has_all(const std::vector<UriConstant>& constants, const formats::Form& query) {
  return std::ranges::all_of(constants, [&](const UriConstant& constant) {
    const std::string* value = formats::find_field(query, constant.name);
    return value != nullptr && (!constant.has_value || *value == constant.value);
  });
}

// How much of what an operation requires in the query string or headers is there.
struct Presence {
  int present = 0;
  int missing = 0;

  int score() const { return (missing == 0 ? present : -missing) * kRequiredWeight; }
};

Presence presence_of(const std::vector<RequiredPart>& required, const http::Request& request,
                     const formats::Form& query) {
  Presence presence;
  for (const RequiredPart& part : required) {
    const bool is_there = part.location == Location::QueryString
                              ? formats::find_field(query, part.name) != nullptr
                              : request.headers.has(part.name);
    ++(is_there ? presence.present : presence.missing);
  }
  return presence;
}

// SDKs name the operation they mean where its path alone does not tell; nobody has to.
int named_by_client(std::string_view name, const formats::Form& query) {
  const std::string* named = formats::find_field(query, "x-id");
  return named != nullptr && *named == name ? 1 : 0;
}

struct Candidate {
  Route route;
  int template_score = -1;  // Without what the input requires; negative: there is none.
};

bool is_looked_for(Location location) {
  return location == Location::QueryString || location == Location::Header;
}

std::vector<RequiredPart> required_parts(const Operation& operation) {
  std::vector<RequiredPart> parts;
  for (const Member& member : operation.input->members) {
    if (member.required && is_looked_for(member.location)) parts.push_back({member.location, member.wire_name});
  }
  return parts;
}

std::vector<RequiredPart> required_parts(const UnbuiltOperation& operation) {
  std::vector<RequiredPart> parts;
  std::ranges::copy_if(operation.required, std::back_inserter(parts),
                       [](const RequiredPart& part) { return is_looked_for(part.location); });
  return parts;
}

}  // namespace

Routes::Routes(const ServiceModel& model) {
  for (const Operation& operation : model.operations) {
    add(operation.http_method, {.route = {.operation = &operation},
                                .name = operation.name,
                                .uri_template = operation.http_uri,
                                .required = required_parts(operation)});
  }
  for (const UnbuiltOperation& unbuilt : model.unbuilt) {
    add(unbuilt.http_method, {.route = {.unbuilt = &unbuilt},
                              .name = unbuilt.name,
                              .uri_template = unbuilt.http_uri,
                              .required = required_parts(unbuilt)});
  }
}

void Routes::add(std::string_view method, Entry entry) {
  auto found = std::ranges::find(methods_, method, &Method::name);
  if (found == methods_.end()) found = methods_.insert(found, Method{method, {}, {}});
  entry.constants = uri_constants(entry.uri_template);
  if (entry.constants.empty()) found->without_demands.push_back(entry);
  found->all.push_back(std::move(entry));
}

Route Routes::find(const http::Request& request, std::string_view path) const {
  const auto method = std::ranges::find(methods_, request.method, &Method::name);
  if (method == methods_.end()) return {};
  auto query = formats::parse_form(request.query);
  if (!query) query = formats::Form();  // Reading the input says what is wrong with it.
  Candidate complete, lacking;          // The latter without all of its required members.
  for (const Entry& entry : query->empty() ? method->without_demands : method->all) {
    if (!has_all(entry.constants, *query)) continue;
    const auto match = match_uri(entry.uri_template, path);
    if (!match) continue;
    const int score =
        match->literals * kLiteralWeight + static_cast<int>(entry.constants.size()) * kConstantWeight;
    const Presence parts = presence_of(entry.required, request, *query);
    Route route = entry.route;
    route.score = score + parts.score() + named_by_client(entry.name, *query);
    Candidate& rival = parts.missing == 0 ? complete : lacking;
    if (rival.template_score < 0 || route.score > rival.route.score) rival = {route, score};
  }
  // What the template demands says more than a required member that is missing.
  if (lacking.template_score <= complete.template_score) return complete.route;
  lacking.route.score = std::max(lacking.route.score, 0);
  return lacking.route;
}

}  // namespace holm::aws
