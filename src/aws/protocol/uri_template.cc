// The URI templates of REST operations.

#include "aws/protocol/uri_template.h"

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

// "/a/b" → a, b; "/" → nothing. The template "/" and the path "/" have no segments.
std::vector<std::string_view> segments_of(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.empty()) return {};
  return split(path, '/');
}

using Segments = std::vector<std::string_view>;

// Matches as many segments as the template has, one to one.
bool match_each(const Segments& wanted, size_t from, const Segments& given, size_t given_from,
                size_t count, UriMatch& match) {
  for (size_t i = 0; i < count; ++i) {
    std::string_view pattern = wanted[from + i];
    std::string_view segment = given[given_from + i];
    if (is_label(pattern)) {
      if (segment.empty()) return false;
      match.labels.push_back({pattern.substr(1, pattern.size() - 2), segment});
    } else {
      if (!equals_literal(pattern, segment)) return false;
      ++match.literals;
    }
  }
  return true;
}

// From the first of `given` at `from` to the end of the last one before `to`, slashes included.
std::string_view between(const Segments& given, size_t from, size_t to) {
  const char* begin = given[from].data();
  const char* end = given[to - 1].data() + given[to - 1].size();
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace

std::optional<UriMatch> match_uri(std::string_view uri_template, std::string_view path) {
  Segments wanted = segments_of(uri_template.substr(0, uri_template.find('?')));
  Segments given = segments_of(path);
  if (!wanted.empty() && wanted.back().empty()) wanted.pop_back();
  size_t greedy = 0;
  while (greedy < wanted.size() && !is_greedy(wanted[greedy])) ++greedy;
  UriMatch match;
  if (greedy == wanted.size()) {
    if (!given.empty() && given.back().empty()) given.pop_back();
    bool is_match =
        wanted.size() == given.size() && match_each(wanted, 0, given, 0, wanted.size(), match);
    return is_match ? std::optional(std::move(match)) : std::nullopt;
  }
  size_t after = wanted.size() - greedy - 1;
  if (given.size() < wanted.size()) return std::nullopt;
  if (!match_each(wanted, 0, given, 0, greedy, match)) return std::nullopt;
  std::string_view rest = between(given, greedy, given.size() - after);
  if (rest.empty()) return std::nullopt;
  std::string_view label = wanted[greedy];
  match.labels.push_back({label.substr(1, label.size() - 3), rest});
  if (!match_each(wanted, greedy + 1, given, given.size() - after, after, match))
    return std::nullopt;
  return match;
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
