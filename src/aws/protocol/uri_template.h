// The URI templates of REST operations: "/{Bucket}/{Key+}?list-type=2".
// https://smithy.io/2.0/spec/http-bindings.html#http-uri
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace holm::aws {

// A part of the path that a template gives a name; still percent-encoded. Both are views into the
// template and the path.
struct UriLabel {
  std::string_view name;
  std::string_view value;
};

constexpr size_t kUriLabelsMax = 8;  // Of a template; operations of real services have three at most.

class UriMatch final {
 public:
  // In the order of the template; none is empty.
  std::span<const UriLabel> labels() const { return {labels_.data(), count_}; }
  std::span<UriLabel> labels() { return {labels_.data(), count_}; }
  void add(UriLabel label) {
    CHECK(count_ < labels_.size());
    labels_[count_++] = label;
  }

  int literals = 0;  // Segments that are fixed in the template.

 private:
  std::array<UriLabel, kUriLabelsMax> labels_;
  size_t count_ = 0;
};

struct UriConstant {
  std::string_view name;
  std::string_view value;
  bool has_value;  // "?list-type=2" demands the value, "?acl" any.
};

// Nothing when `path` (encoded, from its first slash on) does not have the template's form. A slash
// at the end makes no difference unless a greedy label takes it.
std::optional<UriMatch> match_uri(std::string_view uri_template, std::string_view path);

// What the template demands of the query string. "x-id", which only names the operation to clients,
// is not among it.
std::vector<UriConstant> uri_constants(std::string_view uri_template);

}  // namespace holm::aws
