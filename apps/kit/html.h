// HTML that is escaped by construction: only literals of the program are markup, everything else
// that goes in is text.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace kit {

// Markup written in the program's source; `{}` in it are the places for values.
struct Literal {
  // NOLINTNEXTLINE: implicit on purpose, consteval is what keeps other strings out.
  consteval Literal(const char* characters) : text(characters) {}
  std::string_view text;
};

// A piece of finished markup.
class Html {
 public:
  Html() = default;
  // NOLINTNEXTLINE: a literal is markup.
  Html(Literal literal) : text_(literal.text) {}

  // Files of this program (stylesheet, drawings), never anything a user sent.
  static Html trusted(std::string_view markup);

  Html& operator+=(const Html& more) {
    text_ += more.text_;
    return *this;
  }
  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

// A value to put in a place of a literal.
struct Part {
  Part(std::string_view text);                                       // NOLINT: escaped.
  Part(const std::string& text) : Part(std::string_view(text)) {}    // NOLINT
  Part(const char* text) : Part(std::string_view(text)) {}           // NOLINT
  Part(const Html& html) : markup(html.text()) {}                    // NOLINT
  template <std::integral Number>
  Part(Number number) : markup(std::to_string(number)) {}            // NOLINT
  std::string markup;
};

// The literal with its `{}` replaced in order. A wrong number of parts is a bug of the program and
// throws std::logic_error.
Html html(Literal literal, std::initializer_list<Part> parts);

// `yes` when the condition holds, else nothing.
Html when(bool condition, const Html& yes);

}  // namespace kit
