// One attempt to deliver, and how it went. Private to the courier.
#pragma once

#include <chrono>
#include <string>

#include "http/message.h"
#include "services/sns/courier.h"

namespace holm::sns {

inline constexpr size_t kSaidMax = 1024;

struct Courier::Parcel {
  Delivery delivery;
  SubscriptionRow subscription;
  Attributes settings;  // Of the subscription.
  Attributes topic;
  std::string body;
  bool is_raw = false;

  // Of an HTTP request.
  http::Headers headers() const;
};

struct Courier::Outcome {
  bool is_delivered = false;
  bool is_final = false;  // Trying again is of no use.
  int status = 0;         // As HTTP counts; 0: there was no answer.
  std::string said;       // By the endpoint, or why it could not be reached.
  std::chrono::milliseconds took{};

  static Outcome failed(std::string why) { return {.said = why.substr(0, kSaidMax)}; }
};

// Empty when it was not set.
std::string setting(const Attributes& attributes, const char* name);

}  // namespace holm::sns
