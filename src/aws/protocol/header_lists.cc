// Lists in the value of one header.

#include "aws/protocol/header_lists.h"

#include "base/strings.h"

namespace holm::aws {

namespace {

// Takes a quoted item, whose opening quote is at the front, off `text`.
std::string take_quoted(std::string_view& text) {
  std::string item;
  size_t i = 1;
  for (; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    item += text[i];
  }
  text.remove_prefix(i < text.size() ? i + 1 : text.size());
  return item;
}

}  // namespace

std::vector<std::string> split_header_list(std::string_view text) {
  std::vector<std::string> items;
  text = trim(text);
  while (!text.empty()) {
    if (text.front() == '"') {
      items.push_back(take_quoted(text));
      text.remove_prefix(std::min(text.find(','), text.size()));
    } else {
      size_t end = std::min(text.find(','), text.size());
      items.emplace_back(trim(text.substr(0, end)));
      text.remove_prefix(end);
    }
    if (!text.empty()) text.remove_prefix(1);
    text = trim(text);
  }
  return items;
}

std::vector<std::string> split_header_dates(std::string_view text) {
  std::vector<std::string> dates;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t weekday = text.find(',', begin);
    size_t end = weekday == std::string_view::npos ? weekday : text.find(',', weekday + 1);
    dates.emplace_back(trim(text.substr(begin, end == std::string_view::npos ? end : end - begin)));
    if (end == std::string_view::npos) break;
    begin = end + 1;
  }
  return dates;
}

std::string quote_header_item(std::string_view item) {
  if (item.find_first_of(",\"") == std::string_view::npos) return std::string(item);
  std::string quoted = "\"";
  for (char c : item) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace holm::aws
