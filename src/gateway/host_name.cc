// What the Host of a request to the API says.

#include "gateway/host_name.h"

#include <array>

#include "base/strings.h"

namespace holm::gateway {

namespace {

constexpr std::array<std::string_view, 3> kSuffixes = {".localhost", ".amazonaws.com", ".holm.internal"};

bool is_region(std::string_view label) {
  // us-east-1, ap-southeast-2, us-gov-west-1: words, and a digit at the end.
  const size_t dash = label.rfind('-');
  return dash != std::string_view::npos && dash > 3 && parse_integer(label.substr(dash + 1)).has_value() &&
         label[2] == '-' && label[1] >= 'a';
}

// Takes ".label" off the end when `accepts` it.
bool take_last(std::string_view& rest, std::string_view& label, bool (*accepts)(std::string_view)) {
  const size_t dot = rest.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? rest : rest.substr(dot + 1);
  if (last.empty() || !accepts(last)) return false;
  label = last;
  rest = dot == std::string_view::npos ? std::string_view() : rest.substr(0, dot);
  return true;
}

bool is_s3(std::string_view label) {
  return label == "s3" || label == "s3-accelerate" ||
         (label.starts_with("s3-") && is_region(label.substr(3)));
}

bool is_website(std::string_view label) {
  constexpr std::string_view kStart = "s3-website-";
  return label == "s3-website" || (label.starts_with(kStart) && is_region(label.substr(kStart.size())));
}

}  // namespace

HostName parse_host(std::string_view host, bool (*is_service)(std::string_view label)) {
  HostName name;
  const size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && parse_integer(host.substr(colon + 1))) host = host.substr(0, colon);
  std::string_view rest;
  for (std::string_view suffix : kSuffixes) {
    if (host.ends_with(suffix)) rest = host.substr(0, host.size() - suffix.size());
  }
  if (rest.empty()) return name;

  std::string_view label;
  if (take_last(rest, label, is_region)) name.region = label;
  if (take_last(rest, label, is_website)) {
    name.service = "s3";
    name.bucket = rest;
    name.is_website = !rest.empty();
    return name;
  }
  if (take_last(rest, label, is_s3)) {
    name.service = "s3";
    if (label.starts_with("s3-") && is_region(label.substr(3))) name.region = label.substr(3);
    name.bucket = rest;
    return name;
  }
  if (rest.find('.') == std::string_view::npos && is_service(rest)) {
    name.service = rest;
  } else if (name.region.empty()) {
    // Bucket names may contain dots.
    name.bucket = rest;
  }
  return name;
}

}  // namespace holm::gateway
