// The cookies that keep a client with its target, or with its target group.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "crypto/aead.h"
#include "http/message.h"

namespace holm::balancer {

inline constexpr std::string_view kTargetCookie = "AWSALB";
inline constexpr std::string_view kApplicationCookie = "AWSALBAPP-0";
inline constexpr std::string_view kGroupCookie = "AWSALBTG";
inline constexpr std::string_view kFirstCookie = "AWSELB";  // Of the first generation, for both.

// The value of the request's cookie, or none.
std::optional<std::string_view> find_cookie(const http::Headers& headers, std::string_view name);
// Whether the response sets a cookie of that name.
bool sets_cookie(const http::Headers& headers, std::string_view name);

// Makes and reads what the cookies hold: nobody else can. Immutable; any thread.
class CookieJar final {
 public:
  explicit CookieJar(const crypto::Aead::Key& key) : seal_(key) {}

  // `what` until `duration` from now, for nobody but `owner` (a target group, a listener).
  std::string make(std::string_view what, std::string_view owner, Time until, Random& random) const;
  // What it was made of; nothing when it is forged, another's or too old.
  std::optional<std::string> read(std::string_view cookie, std::string_view owner, Time now) const;

 private:
  crypto::Aead seal_;
};

// Adds kFirstCookie and its twin. `attributes` are those after the value: ";PATH=/;MAX-AGE=60".
void set_first_cookies(http::Headers& headers, const std::string& value, std::string_view attributes);
// What stands after the value where the response sets a cookie of that name: "; Path=/; HttpOnly"; none when it
// sets none.
std::optional<std::string> attributes_of_cookie(const http::Headers& headers, std::string_view name);

// Adds `name` and its twin for requests from other sites, which ends in CORS.
void set_cookies(http::Headers& headers, std::string_view name, const std::string& value, Time until,
                 http::Scheme scheme);

}  // namespace holm::balancer
