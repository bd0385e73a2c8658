// Which operation of a REST service a method, path and query string mean.
#pragma once

#include <string_view>
#include <vector>

#include "aws/protocol/uri_template.h"
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

// The routes of a service, which lives for ever, sorted so that few have to be looked at. Immutable; any thread.
class Routes final {
 public:
  explicit Routes(const ServiceModel& model);

  // Of the templates that fit, the most specific: with the most fixed segments, then with the most
  // demands on the query string and headers. Members that the model requires there tell operations
  // apart that share a template (UploadPart from PutObject); a request that lacks some for each of
  // them is given to the least demanding, whose validation names what is missing.
  Route find(const http::Request& request, std::string_view path) const;

 private:
  // One operation, taken apart.
  struct Entry {
    Route route;
    std::string_view name;
    std::string_view uri_template;
    std::vector<UriConstant> constants = {};
    std::vector<RequiredPart> required = {};  // Of the query string and headers.
  };
  // In the order of the model.
  struct Method {
    std::string_view name;
    std::vector<Entry> without_demands;  // On the query string: all that an empty one may mean.
    std::vector<Entry> all;
  };

  void add(std::string_view method, Entry entry);

  std::vector<Method> methods_;
};

}  // namespace holm::aws
