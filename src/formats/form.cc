// Forms: name=value pairs joined by &, percent-encoded.

#include "formats/form.h"

#include "base/strings.h"

namespace holm::formats {

namespace {
constexpr size_t kFieldsMax = 10'000;
}  // namespace

Result<Form, ParseError> parse_form(std::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes) return std::unexpected(ParseError{"The form is too long.", {}});
  Form form;
  size_t start = 0;
  while (start <= text.size()) {
    const size_t end = std::min(text.find('&', start), text.size());
    const std::string_view field = text.substr(start, end - start);
    const Place place{1, static_cast<int>(start) + 1};
    start = end + 1;
    if (field.empty()) continue;
    if (form.size() >= kFieldsMax)
      return std::unexpected(ParseError{"The form has too many fields.", place});
    const size_t equals = field.find('=');
    const std::string_view raw_value =
        equals == std::string_view::npos ? std::string_view{} : field.substr(equals + 1);
    std::optional<std::string> name = percent_decode(field.substr(0, equals), Plus::Space);
    std::optional<std::string> value = percent_decode(raw_value, Plus::Space);
    if (!name || !value) {
      return std::unexpected(ParseError{"An escape in the form is malformed.", place});
    }
    form.push_back({std::move(*name), std::move(*value)});
  }
  return form;
}

std::string write_form(const Form& form) {
  std::string text;
  for (const FormField& field : form) {
    if (!text.empty()) text += '&';
    text += percent_encode(field.name) + "=" + percent_encode(field.value);
  }
  return text;
}

const std::string* find_field(const Form& form, std::string_view name) {
  for (const FormField& field : form) {
    if (field.name == name) return &field.value;
  }
  return nullptr;
}

}  // namespace holm::formats
