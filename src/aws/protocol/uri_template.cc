// The URI templates of REST operations.

#include "aws/protocol/uri_template.h"

#include <algorithm>
#include <cstddef>

#include "base/strings.h"

namespace holm::aws {

namespace {

bool is_label(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool is_greedy(std::string_view segment) {
  return is_label(segment) && segment[segment.size() - 2] == '+';
}

bool equals_literal(std::string_view literal, std::string_view segment) {
  if (literal == segment) return true;
  return segment.find('%') != std::string_view::npos && percent_decode(segment) == literal;
}

// The segments of a path or template, taken from either end: "/a/b" → a, b; "/" → none.
class Segments {
 public:
  explicit Segments(std::string_view path) {
    if (path.starts_with('/')) path.remove_prefix(1);
    rest_ = path;
    is_at_end_ = path.empty();
  }

  bool is_at_end() const { return is_at_end_; }
  // What was not taken, slashes included.
  std::string_view rest() const { return rest_; }
  size_t count() const {
    return is_at_end_ ? 0 : 1 + static_cast<size_t>(std::ranges::count(rest_, '/'));
  }
  std::string_view first() const { return rest_.substr(0, rest_.find('/')); }
  std::string_view last() const { return rest_.substr(rest_.rfind('/') + 1); }

  std::string_view take_first() {
    const std::string_view segment = first();
    is_at_end_ = segment.size() == rest_.size();
    rest_.remove_prefix(is_at_end_ ? rest_.size() : segment.size() + 1);
    return segment;
  }
  std::string_view take_last() {
    const std::string_view segment = last();
    is_at_end_ = segment.size() == rest_.size();
    rest_.remove_suffix(is_at_end_ ? rest_.size() : segment.size() + 1);
    return segment;
  }

 private:
  std::string_view rest_;
  bool is_at_end_;
};

bool match_one(std::string_view pattern, std::string_view segment, UriMatch& match) {
  if (!is_label(pattern)) {
    if (!equals_literal(pattern, segment)) return false;
    ++match.literals;
    return true;
  }
  if (segment.empty()) return false;
  match.add({pattern.substr(1, pattern.size() - 2), segment});
  return true;
}

// From a greedy label on: it takes what those behind it leave.
bool match_greedy(Segments& wanted, Segments& given, UriMatch& match) {
  if (given.count() < wanted.count()) return false;
  const std::string_view greedy = wanted.take_first();
  const size_t label = match.labels().size();
  match.add({greedy.substr(1, greedy.size() - 3), {}});
  while (!wanted.is_at_end()) {
    if (!match_one(wanted.take_last(), given.take_last(), match)) return false;
  }
  match.labels()[label].value = given.rest();
  std::ranges::reverse(match.labels().subspan(label + 1));
  return !given.rest().empty();
}

}  // namespace

std::optional<UriMatch> match_uri(std::string_view uri_template, std::string_view path) {
  Segments wanted(uri_template.substr(0, uri_template.find('?')));
  Segments given(path);
  // One slash at the end means nothing, but to a greedy label.
  if (wanted.rest().ends_with('/')) wanted.take_last();
  UriMatch match;
  while (!wanted.is_at_end()) {
    if (is_greedy(wanted.first())) {
      if (!match_greedy(wanted, given, match)) return std::nullopt;
      return match;
    }
    if (given.is_at_end() || !match_one(wanted.take_first(), given.take_first(), match)) return std::nullopt;
  }
  const bool is_whole = given.is_at_end() || given.rest().empty();
  return is_whole ? std::optional(std::move(match)) : std::nullopt;
}

std::vector<UriConstant> uri_constants(std::string_view uri_template) {
  std::vector<UriConstant> constants;
  size_t mark = uri_template.find('?');
  if (mark == std::string_view::npos) return constants;
  for (std::string_view part : split(uri_template.substr(mark + 1), '&')) {
    size_t equals = part.find('=');
    bool has_value = equals != std::string_view::npos;
    std::string_view name = part.substr(0, equals);
    if (name.empty() || name == "x-id") continue;
    constants.push_back(
        {name, has_value ? part.substr(equals + 1) : std::string_view(), has_value});
  }
  return constants;
}

}  // namespace holm::aws
