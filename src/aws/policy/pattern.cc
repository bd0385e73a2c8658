// Compiles and matches patterns; matching allocates only where there are variables.

#include "aws/policy/pattern.h"

#include "aws/policy/evaluate.h"
#include "base/strings.h"

namespace holm::aws::policy {

namespace {

constexpr char16_t kStar = 0x100;         // Any characters.
constexpr char16_t kSegmentStar = 0x101;  // Any but colons.
constexpr char16_t kOne = 0x102;
constexpr char16_t kSegmentOne = 0x103;
constexpr char16_t kVariable = 0x200;
constexpr size_t kMaxVariables = 64;
constexpr int kArnSegments = 5;  // Those before the last, which may contain colons itself.

char16_t lower(char16_t c) { return c >= u'A' && c <= u'Z' ? static_cast<char16_t>(c + 32) : c; }
char16_t byte_of(char c) { return static_cast<unsigned char>(c); }

struct Compiler {
  Wildcards wildcards;
  Pattern pattern;
  int colons = 0;

  bool in_segment() const {
    return (wildcards == Wildcards::Resource || wildcards == Wildcards::Arn) &&
           colons < kArnSegments;
  }

  // `rest` begins behind the character.
  void add(char c, std::string_view rest) {
    const bool is_wild = wildcards != Wildcards::None && (c == '*' || c == '?');
    if (!is_wild) {
      if (c == ':') ++colons;
      pattern.symbols += byte_of(c);
      return;
    }
    const bool ends_segment = rest.empty() || rest.front() == ':';
    const bool may_span = wildcards == Wildcards::Resource && c == '*' && ends_segment;
    const bool bounded = in_segment() && !may_span;
    if (c == '?') {
      pattern.symbols += bounded ? kSegmentOne : kOne;
    } else {
      pattern.symbols += bounded ? kSegmentStar : kStar;
    }
  }

  // The text between "${" and "}".
  bool add_variable(std::string_view text) {
    text = trim(text);
    if (text == "*" || text == "?" || text == "$") {
      pattern.symbols += byte_of(text.front());
      return true;
    }
    Pattern::Variable variable;
    const size_t comma = text.find(',');
    if (comma != text.npos) {
      const std::string_view fallback = trim(text.substr(comma + 1));
      if (fallback.size() < 2 || fallback.front() != '\'' || fallback.back() != '\'') return false;
      variable.fallback = fallback.substr(1, fallback.size() - 2);
    }
    variable.key = to_lower(trim(text.substr(0, comma)));
    if (variable.key.empty() || variable.key.find_first_of("${'\" ") != std::string::npos)
      return false;
    if (pattern.variables.size() == kMaxVariables) return false;
    pattern.symbols += static_cast<char16_t>(kVariable + pattern.variables.size());
    pattern.variables.push_back(std::move(variable));
    return true;
  }
};

// Whether `symbol`, which is no star, stands for `c`.
bool stands_for(char16_t symbol, char c, Case letters) {
  if (symbol == kOne) return true;
  if (symbol == kSegmentOne) return c != ':';
  const char16_t byte = byte_of(c);
  return symbol == byte || (letters == Case::Ignored && lower(symbol) == lower(byte));
}

// Goes back to the last star, and beyond it to the last one that may take colons.
bool glob(std::u16string_view pattern, std::string_view text, Case letters) {
  struct Retry {
    size_t pattern = std::u16string_view::npos, text = 0;
    bool is_set() const { return pattern != std::u16string_view::npos; }
  };
  Retry wide, narrow;
  size_t p = 0, t = 0;
  while (t < text.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == kStar) {
      wide = {++p, t};
      narrow = {};
    } else if (p < pattern.size() && pattern[p] == kSegmentStar) {
      narrow = {++p, t};
    } else if (p < pattern.size() && t < text.size() && stands_for(pattern[p], text[t], letters)) {
      ++p;
      ++t;
    } else if (narrow.is_set() && narrow.text < text.size() && text[narrow.text] != ':') {
      p = narrow.pattern;
      t = ++narrow.text;
    } else if (wide.is_set() && wide.text < text.size()) {
      p = wide.pattern;
      t = ++wide.text;
      narrow = {};
    } else {
      return false;
    }
  }
  return true;
}

// The text a variable stands for; null when it is unresolved. A key with several values has none.
const std::string* value_of(const Pattern::Variable& variable, const Context& context) {
  const std::vector<std::string>* values = context.find(variable.key);
  if (values != nullptr) return values->size() == 1 ? &values->front() : nullptr;
  return variable.fallback ? &*variable.fallback : nullptr;
}

}  // namespace

std::optional<Pattern> compile_pattern(std::string_view text, Wildcards wildcards,
                                       Variables variables) {
  Compiler compiler{wildcards, {}, 0};
  while (!text.empty()) {
    if (variables == Variables::Replaced && text.starts_with("${")) {
      const size_t end = text.find('}');
      if (end == text.npos || !compiler.add_variable(text.substr(2, end - 2))) return std::nullopt;
      text.remove_prefix(end + 1);
      continue;
    }
    const char c = text.front();
    text.remove_prefix(1);
    compiler.add(c, text);
  }
  return std::move(compiler.pattern);
}

Match match(const Pattern& pattern, std::string_view text, const Context& context, Case letters) {
  if (pattern.variables.empty())
    return glob(pattern.symbols, text, letters) ? Match::Yes : Match::No;
  std::u16string expanded;
  for (char16_t symbol : pattern.symbols) {
    if (symbol < kVariable) {
      expanded += symbol;
      continue;
    }
    const std::string* value = value_of(pattern.variables[symbol - kVariable], context);
    if (value == nullptr) return Match::Unresolved;
    for (char c : *value) expanded += byte_of(c);
  }
  return glob(expanded, text, letters) ? Match::Yes : Match::No;
}

}  // namespace holm::aws::policy
