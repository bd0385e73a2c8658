// HTML that is escaped by construction.

#include "kit/html.h"

#include <stdexcept>

namespace kit {

namespace {

std::string escape(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

}  // namespace

Part::Part(std::string_view text) : markup(escape(text)) {}

Html Html::trusted(std::string_view markup) {
  Html html;
  html.text_ = markup;
  return html;
}

Html html(Literal literal, std::initializer_list<Part> parts) {
  std::string text;
  std::string_view rest = literal.text;
  for (const Part& part : parts) {
    std::size_t place = rest.find("{}");
    if (place == std::string_view::npos) throw std::logic_error("more parts than places");
    text += rest.substr(0, place);
    text += part.markup;
    rest.remove_prefix(place + 2);
  }
  if (rest.find("{}") != std::string_view::npos) throw std::logic_error("fewer parts than places");
  text += rest;
  return Html::trusted(text);
}

Html when(bool condition, const Html& yes) { return condition ? yes : Html(); }

}  // namespace kit
