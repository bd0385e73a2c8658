// Requests, responses and routes; the server that carries them is in web_server.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "kit/html.h"
#include "kit/uri.h"

namespace kit {

struct Request {
  std::string method;
  std::string path;  // Decoded.
  Fields query;
  Fields headers;  // Names in lower case.
  std::string body;
  std::string peer;                                // Address of the connection.
  std::map<std::string, std::string> parameters;   // Of the route, by name.

  std::string header(std::string_view name) const;  // Empty when absent.
  std::string cookie(std::string_view name) const;  // Empty when absent.
  std::string query_value(std::string_view name) const;
  const std::string& parameter(const std::string& name) const { return parameters.at(name); }
  // A decimal route parameter; what is not one answers 404.
  std::int64_t id_parameter(const std::string& name) const;
  // The visitor's address: what the load balancer in front appended, else the peer.
  std::string address() const;
  // The visitor's connection to the load balancer is encrypted.
  bool is_https() const { return header("x-forwarded-proto") == "https"; }
};

// Sends bytes to the visitor; false when he is gone.
using Writer = std::function<bool(std::string_view)>;

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  Fields headers;
  // When set, it is called once on the request's thread and the response ends when it returns.
  std::function<void(const Writer&)> stream;
};

Response html_response(const Html& page, int status = 200);
Response redirect(const std::string& location, int status = 303);

// Ends the request with an answer of the error shape.
class HttpError : public std::runtime_error {
 public:
  HttpError(int http_status, std::string error_code, const std::string& message,
            std::string field_name = "")
      : std::runtime_error(message),
        status(http_status),
        code(std::move(error_code)),
        field(std::move(field_name)) {}

  int status;
  std::string code;
  std::string field;            // The field of the input at fault, if one is.
  int retry_after_seconds = 0;  // Sent when not 0.
};

using Handler = std::function<Response(const Request&)>;

// "/people/{id}" and the like. Filled at start, then only read; any thread.
class Routes {
 public:
  void add(std::string method, std::string_view pattern, Handler handler);
  // 404 for an unknown path, 405 for an unknown method of a known one (thrown).
  Response answer(Request request) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    Handler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace kit
