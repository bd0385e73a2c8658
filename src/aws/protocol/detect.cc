// Which service, operation and protocol a request is for.

#include "aws/protocol/detect.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "aws/protocol/query_form.h"
#include "base/check.h"
#include "base/strings.h"
#include "http/message.h"

namespace holm::aws {

namespace {

using Models = std::vector<const ServiceModel*>;
using Detection = Result<Detected, Undetected>;

bool speaks(const ServiceModel& model, Protocol protocol) {
  return std::ranges::find(model.protocols, protocol) != model.protocols.end();
}

bool speaks_query(const ServiceModel& model) {
  return speaks(model, Protocol::Query) || speaks(model, Protocol::Ec2);
}

bool speaks_rest(const ServiceModel& model) {
  return speaks(model, Protocol::RestJson) || speaks(model, Protocol::RestXml);
}

bool is_s3(const ServiceModel& model) { return model.service_id == "S3"; }

bool speaks_json(const ServiceModel& model) {
  return speaks(model, Protocol::Json10) || speaks(model, Protocol::Json11);
}

Models select(std::span<const ServiceModel* const> models, auto condition) {
  Models selected;
  std::ranges::copy_if(models, std::back_inserter(selected),
                       [&](const ServiceModel* model) { return condition(*model); });
  return selected;
}

// What all steps look at. Lives as long as one detection.
struct Lookup {
  const Directory& services;
  const http::Request& request;
  const DetectHints& hints;
  std::string path;
  Models candidates;  // Those whose service the signature or else the host names; empty: any.

  std::span<const ServiceModel* const> among() const {
    return candidates.empty() ? services.models() : std::span<const ServiceModel* const>(candidates);
  }
};

std::unexpected<Undetected> undetected(const ServiceModel* model, Protocol protocol,
                                       ServiceError error) {
  return std::unexpected(Undetected{model, protocol, std::move(error)});
}

NotImplemented not_built(const ServiceModel& model, std::string_view operation) {
  return NotImplemented("The operation " + std::string(operation) + " of " +
                        std::string(model.service_id));
}

// The operation by its name, or that it is not built, or `unknown`.
Detection find_by_name(const ServiceModel& model, std::string_view name,
                       Protocol protocol, ServiceError unknown) {
  if (const Operation* operation = find_operation(model, name)) {
    return Detected{&model, operation, protocol, {}};
  }
  for (const UnbuiltOperation& unbuilt : model.unbuilt) {
    if (unbuilt.name == name) return undetected(&model, protocol, not_built(model, name));
  }
  return undetected(&model, protocol, std::move(unknown));
}

ServiceError unknown_operation(int status) {
  return ServiceError("UnknownOperationException", status, "The operation is not known.");
}

// "/service/<name>/operation/<operation>", with anything before it.
// https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html#requests
Detection detect_cbor(const Lookup& lookup) {
  auto steps = split(lookup.path, '/');
  size_t count = steps.size();
  bool has_form = count >= 5 && steps[count - 4] == "service" && steps[count - 2] == "operation";
  if (!has_form) return undetected(nullptr, Protocol::RpcV2Cbor, unknown_operation(404));
  std::string_view service = steps[count - 3];
  auto speaks_cbor = [](const ServiceModel& m) { return speaks(m, Protocol::RpcV2Cbor); };
  auto named = select(lookup.among(), [&](const ServiceModel& m) {
    return speaks_cbor(m) && m.target_prefix == service;
  });
  // Shapes of services have more names than the target prefix, so a signature alone decides as
  // well.
  if (named.empty() && !lookup.candidates.empty()) named = select(lookup.candidates, speaks_cbor);
  if (named.empty()) return undetected(nullptr, Protocol::RpcV2Cbor, unknown_operation(404));
  return find_by_name(*named.front(), steps.back(), Protocol::RpcV2Cbor,
                      unknown_operation(404));
}

Protocol json_protocol(const Lookup& lookup, const ServiceModel* model) {
  std::string_view type = lookup.request.headers.get("Content-Type");
  if (type.find("json-1.1") != std::string_view::npos) return Protocol::Json11;
  if (type.find("json-1.0") != std::string_view::npos) return Protocol::Json10;
  return model && speaks(*model, Protocol::Json10) ? Protocol::Json10 : Protocol::Json11;
}

// "DynamoDB_20120810.GetItem". https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
Detection detect_target(const Lookup& lookup, std::string_view target) {
  size_t dot = target.rfind('.');
  std::string_view prefix = target.substr(0, dot == std::string_view::npos ? 0 : dot);
  std::string_view name = target.substr(dot == std::string_view::npos ? 0 : dot + 1);
  auto is_meant = [&](const ServiceModel& m) {
    return speaks_json(m) && equals_ignoring_case(m.target_prefix, prefix);
  };
  auto named = select(lookup.among(), is_meant);
  if (named.empty())
    return undetected(nullptr, json_protocol(lookup, nullptr), unknown_operation(400));
  const ServiceModel& model = *named.front();
  return find_by_name(model, name, json_protocol(lookup, &model), unknown_operation(400));
}

Protocol query_protocol(const ServiceModel& model) {
  return speaks(model, Protocol::Ec2) ? Protocol::Ec2 : Protocol::Query;
}

bool knows(const ServiceModel& model, std::string_view operation) {
  auto is_named = [&](const auto& known) { return known.name == operation; };
  return std::ranges::any_of(model.operations, is_named) ||
         std::ranges::any_of(model.unbuilt, is_named);
}

// Of services that share a signing name, first those of the Version, then the one that has the
// operation.
const ServiceModel* pick_query_model(const Lookup& lookup, std::string_view version,
                                     std::string_view action) {
  auto models = select(lookup.among(), speaks_query);
  auto of_version = select(models, [&](const ServiceModel& m) { return m.api_version == version; });
  if (!of_version.empty()) models = std::move(of_version);
  bool is_guess = lookup.candidates.empty() && models.size() > 1;
  for (const ServiceModel* model : models) {
    if (knows(*model, action)) return model;
  }
  return models.empty() || is_guess ? nullptr : models.front();
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html#CommonErrors
Detection detect_action(const Lookup& lookup, std::string_view action, std::string_view version) {
  const ServiceModel* model = pick_query_model(lookup, version, action);
  ServiceError unknown("InvalidAction", 400,
                       "The action " + std::string(action) + " is not valid for this web service.");
  if (!model) return undetected(nullptr, Protocol::Query, std::move(unknown));
  return find_by_name(*model, action, query_protocol(*model), std::move(unknown));
}

Protocol rest_protocol(const ServiceModel& model) {
  return speaks(model, Protocol::RestXml) ? Protocol::RestXml : Protocol::RestJson;
}

Detection unrouted(const Lookup& lookup, const ServiceModel& model) {
  Protocol protocol = rest_protocol(model);
  if (protocol == Protocol::RestJson) return undetected(&model, protocol, unknown_operation(404));
  ServiceError error("MethodNotAllowed", 405,
                     "The specified method is not allowed against this resource.");
  error.with("Method", lookup.request.method).with("ResourceType", "SERVICE");
  return undetected(&model, protocol, std::move(error));
}

Detection detect_route(const Lookup& lookup, std::span<const ServiceModel* const> models) {
  const ServiceModel* best_model = models.front();
  Route best;
  for (const ServiceModel* model : models) {
    Route route = lookup.services.routes_of(*model).find(lookup.request, lookup.path);
    if (route.score <= best.score) continue;
    best = route;
    best_model = model;
  }
  Protocol protocol = rest_protocol(*best_model);
  if (best.operation) return Detected{best_model, best.operation, protocol, {}};
  if (best.unbuilt)
    return undetected(best_model, protocol, not_built(*best_model, best.unbuilt->name));
  return unrouted(lookup, *best_model);
}

// Whom the signature names, or else the host: "sqs.us-east-1.localhost:4566".
Models named_services(std::span<const ServiceModel* const> models, const http::Request& request,
                      const DetectHints& hints) {
  if (hints.signing_service.empty() && !hints.virtual_bucket.empty()) return select(models, is_s3);
  if (!hints.signing_service.empty()) {
    return select(models, [&](const ServiceModel& model) {
      return equals_ignoring_case(model.signing_name, hints.signing_service);
    });
  }
  std::string host = to_lower(request.authority);
  return select(models, [&](const ServiceModel& model) {
    return host.starts_with(to_lower(model.endpoint_prefix) + ".");
  });
}

// How the client would have been answered by a service that is not here.
Protocol apparent_protocol(const http::Request& request) {
  if (request.headers.has("Smithy-Protocol")) return Protocol::RpcV2Cbor;
  if (request.headers.has("X-Amz-Target")) return Protocol::Json11;
  return is_form_post(request) ? Protocol::Query : Protocol::RestJson;
}

// What can only mean the query protocol but names no action.
Detection missing_action(const Lookup& lookup, const ServiceModel& model) {
  if (speaks_query(model)) {
    return undetected(
        &model, query_protocol(model),
        ServiceError("MissingAction", 400, "The request must contain the parameter Action."));
  }
  Protocol protocol = json_protocol(lookup, &model);
  if (!speaks_json(model) && speaks(model, Protocol::RpcV2Cbor)) protocol = Protocol::RpcV2Cbor;
  return undetected(&model, protocol,
                    unknown_operation(protocol == Protocol::RpcV2Cbor ? 404 : 400));
}

Detection detect_by_form_or_route(const Lookup& lookup) {
  auto models = lookup.among();
  if (std::ranges::any_of(models, [](const ServiceModel* m) { return speaks_query(*m); })) {
    auto form = request_form(lookup.request.query, lookup.hints.form_body);
    const std::string* action = form ? formats::find_field(*form, "Action") : nullptr;
    const std::string* version = form ? formats::find_field(*form, "Version") : nullptr;
    if (action) return detect_action(lookup, *action, version ? *version : std::string_view());
  }
  const bool are_all_rest = std::ranges::all_of(lookup.candidates, [](const auto* m) { return speaks_rest(*m); });
  if (are_all_rest && !lookup.candidates.empty()) return detect_route(lookup, lookup.candidates);
  Models rest = select(lookup.candidates, speaks_rest);
  if (!rest.empty()) return detect_route(lookup, rest);
  if (!lookup.candidates.empty()) return missing_action(lookup, *lookup.candidates.front());
  // Browsers and anonymous readers say nothing about themselves; only S3 serves them.
  rest = select(lookup.services.models(), is_s3);
  if (!rest.empty()) return detect_route(lookup, rest);
  return undetected(nullptr, Protocol::RestXml,
                    ServiceError("UnknownOperationException", 404, "No service is meant."));
}

// What is found, still without its path.
Detection detect_operation(const Lookup& lookup) {
  const http::Request& request = lookup.request;
  const DetectHints& hints = lookup.hints;
  if (lookup.candidates.empty() && !hints.signing_service.empty()) {
    return undetected(nullptr, apparent_protocol(request),
                      NotImplemented("The service " + std::string(hints.signing_service)));
  }
  if (equals_ignoring_case(request.headers.get("Smithy-Protocol"), "rpc-v2-cbor")) {
    return detect_cbor(lookup);
  }
  if (const auto target = request.headers.find("X-Amz-Target")) {
    return detect_target(lookup, *target);
  }
  return detect_by_form_or_route(lookup);
}

}  // namespace

bool is_form_post(const http::Request& request) {
  std::string_view type = request.headers.get("Content-Type");
  type = trim(type.substr(0, type.find(';')));
  return request.method == "POST" &&
         equals_ignoring_case(type, "application/x-www-form-urlencoded");
}

Directory::Directory(std::span<const ServiceModel* const> models)
    : models_(models.begin(), models.end()) {
  for (const ServiceModel* model : models) {
    if (speaks_rest(*model) || is_s3(*model)) routes_.emplace(model, Routes(*model));
  }
}

const Routes& Directory::routes_of(const ServiceModel& model) const {
  const auto found = routes_.find(&model);
  CHECK(found != routes_.end());
  return found->second;
}

Result<Detected, Undetected> detect(const Directory& services, const http::Request& request,
                                    const DetectHints& hints) {
  Lookup lookup{services, request, hints, request.path,
                named_services(services.models(), request, hints)};
  if (!hints.virtual_bucket.empty()) {
    lookup.path = "/" + percent_encode(hints.virtual_bucket) + request.path;
  }
  Detection detected = detect_operation(lookup);
  if (detected) detected->path = std::move(lookup.path);
  return detected;
}

}  // namespace holm::aws
