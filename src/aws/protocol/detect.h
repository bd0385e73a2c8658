// Which service, operation and protocol a request is for.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aws/protocol/routes.h"
#include "aws/service/error.h"
#include "aws/service/operation.h"
#include "base/result.h"

namespace holm::http {
struct Request;
}

namespace holm::aws {

// What is known about a request besides its head.
struct DetectHints {
  std::string_view signing_service;  // Of the SigV4 scope ("s3"); empty: not signed.
  std::string_view virtual_bucket;   // Of a virtual-hosted S3 request's Host; empty: path style.
  std::string_view form_body;        // The body when `is_form_post`, else empty.
};

struct Detected {
  const ServiceModel* model;
  const Operation* operation;
  Protocol protocol;
  std::string
      path;  // For WireRequest: still percent-encoded; "/bucket/key" for virtual-hosted S3 as well.
};

// Why a request has no operation to answer it, and in which protocol to say so. An operation that
// the model has but holm does not is NotImplemented, naming it.
struct Undetected {
  const ServiceModel* model;  // Null when the service is not known either.
  Protocol protocol;
  ServiceError error;
};

// Whether the body must have been read for `detect` to see the Action in it.
bool is_form_post(const http::Request& request);

// The services that requests are told apart among, which live for ever. Immutable; any thread.
class Directory final {
 public:
  explicit Directory(std::span<const ServiceModel* const> models);
  std::span<const ServiceModel* const> models() const { return models_; }
  // Of one of them that speaks REST.
  const Routes& routes_of(const ServiceModel& model) const;

 private:
  std::vector<const ServiceModel*> models_;
  std::unordered_map<const ServiceModel*, Routes> routes_;
};

// Tried in turn: the scope's service, the target's prefix, the host's first label, S3.
Result<Detected, Undetected> detect(const Directory& services, const http::Request& request,
                                    const DetectHints& hints);

}  // namespace holm::aws
