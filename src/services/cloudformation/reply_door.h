// Where answers about custom resources and signals of wait conditions are PUT: URLs that only who was given
// them knows.
#pragma once

#include <optional>
#include <string>

#include "async/task.h"
#include "base/clock.h"

namespace holm::aws {
struct Call;
}
namespace holm::http {
class Exchange;
struct Request;
}  // namespace holm::http

namespace holm::cloudformation {

class Service;

// One request about a custom resource.
struct ReplyPlace {
  std::string stack_id;
  std::string logical_id;
  std::string request_id;
  std::string secret;
};
// Told to functions, and to subscribers of topics.
std::string reply_url(const Service& service, const ReplyPlace& place);

// One wait condition handle.
struct SignalPlace {
  std::string stack_id;
  std::string logical_id;
  std::string handle_id;
  std::string secret;
  Time expires{};
};
// Told to instances, which have no TLS to the region.
std::string signal_url(const SignalPlace& place);

// Whether a request to the region is for this door.
bool is_for_reply_door(const http::Request& request);

// What was PUT, as it came. Without a body it was far too long.
struct Delivery {
  std::string path;
  std::string query;
  std::optional<std::string> body;
};
// How it is answered: with an empty code well.
struct Receipt {
  int status = 200;
  std::string code;
  std::string message;
};
// Keeps it in the call's transaction.
Receipt take_delivery(Service& service, aws::Call& call, const Delivery& delivery);
// Keeps what was sent, on disk before it is acknowledged. An exchange's handler.
async::Task<void> answer_at_reply_door(Service& service, http::Exchange& exchange);

}  // namespace holm::cloudformation
