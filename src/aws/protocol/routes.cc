// Which operation of a REST service a method, path and query string mean.

#include "aws/protocol/routes.h"

#include <algorithm>
#include <optional>

#include "aws/protocol/uri_template.h"
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

bool has_constants(std::string_view uri_template, const formats::Form& query, int& count) {
  const size_t mark = uri_template.find('?');
  if (mark == std::string_view::npos) return true;
  if (query.empty() && !uri_template.substr(mark).starts_with("?x-id=")) return false;
  for (const UriConstant& constant : uri_constants(uri_template)) {
    const std::string* value = formats::find_field(query, constant.name);
    if (!value || (constant.has_value && *value != constant.value)) return false;
    ++count;
  }
  return true;
}

// How much of what an operation requires in the query string or headers is there.
struct Presence {
  int present = 0;
  int missing = 0;

  void look_for(Location location, std::string_view name, const http::Request& request, const formats::Form& query) {
    bool is_there = false;
    if (location == Location::QueryString) {
      is_there = formats::find_field(query, name) != nullptr;
    } else if (location == Location::Header) {
      is_there = request.headers.has(name);
    } else {
      return;
    }
    ++(is_there ? present : missing);
  }
  int score() const { return (missing == 0 ? present : -missing) * kRequiredWeight; }
};

Presence required_parts(const Operation& operation, const http::Request& request, const formats::Form& query) {
  Presence presence;
  for (const Member& member : operation.input->members) {
    if (member.required) presence.look_for(member.location, member.wire_name, request, query);
  }
  return presence;
}

Presence required_parts(const UnbuiltOperation& operation, const http::Request& request, const formats::Form& query) {
  Presence presence;
  for (const RequiredPart& part : operation.required) presence.look_for(part.location, part.name, request, query);
  return presence;
}

// SDKs name the operation they mean where its path alone does not tell; nobody has to.
int named_by_client(std::string_view name, const formats::Form& query) {
  const std::string* named = formats::find_field(query, "x-id");
  return named != nullptr && *named == name ? 1 : 0;
}

// The score without what the input requires; nothing when the route does not fit.
std::optional<int> template_score(std::string_view method, std::string_view uri_template,
                                  const http::Request& request, std::string_view path,
                                  const formats::Form& query) {
  if (method != request.method) return std::nullopt;
  // Most templates want something of the query string that is not there, which is found out soonest.
  int constants = 0;
  if (!has_constants(uri_template, query, constants)) return std::nullopt;
  auto match = match_uri(uri_template, path);
  if (!match) return std::nullopt;
  return match->literals * kLiteralWeight + constants * kConstantWeight;
}

struct Candidate {
  Route route;
  int template_score = -1;  // Negative: there is none.
};

}  // namespace

Route find_route(const ServiceModel& model, const http::Request& request, std::string_view path) {
  auto query = formats::parse_form(request.query);
  if (!query) query = formats::Form();  // Reading the input says what is wrong with it.
  Candidate complete, lacking;  // The latter without all of its required members.
  auto consider = [&](const auto& operation, Route route) {
    auto score = template_score(operation.http_method, operation.http_uri, request, path, *query);
    if (!score) return;
    const Presence parts = required_parts(operation, request, *query);
    route.score = *score + parts.score() + named_by_client(operation.name, *query);
    Candidate& rival = parts.missing == 0 ? complete : lacking;
    if (rival.template_score < 0 || route.score > rival.route.score) rival = {route, *score};
  };
  for (const Operation& operation : model.operations) consider(operation, {.operation = &operation});
  for (const UnbuiltOperation& unbuilt : model.unbuilt) consider(unbuilt, {.unbuilt = &unbuilt});
  // What the template demands says more than a required member that is missing.
  if (lacking.template_score <= complete.template_score) return complete.route;
  lacking.route.score = std::max(lacking.route.score, 0);
  return lacking.route;
}

}  // namespace holm::aws
