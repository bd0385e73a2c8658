// The frame around every page.

#include "kit/shell.h"

#include <fmt/format.h>

#include "embedded_kit.h"

namespace kit {

namespace {

constexpr unsigned kHues = 12;

Html navigation(const std::vector<NavigationEntry>& entries) {
  Html links;
  for (const NavigationEntry& entry : entries) {
    Html current = entry.is_current ? Html(" aria-current=\"page\"") : Html();
    links += html("<a href=\"{}\"{}>{}</a>", {entry.address, current, entry.label});
  }
  return links;
}

// The first character of UTF-8 text, whole.
std::string first_letter(const std::string& text) {
  std::size_t end = text.empty() ? 0 : 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
  return text.substr(0, end);
}

}  // namespace

Html page(const Shell& shell, const Html& content) {
  Html head = html(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta name=\"color-scheme\" content=\"light dark\">"
      "<title>{} · {}</title><link rel=\"icon\" href=\"/assets/logo.svg\">"
      "<link rel=\"stylesheet\" href=\"{}\">{}</head>",
      {shell.title, shell.product, shell.style_address,
       when(!shell.csrf_token.empty(),
            html("<meta name=\"csrf\" content=\"{}\">", {shell.csrf_token}))});
  Html bar = html(
      "<header class=\"bar\"><a class=\"brand\" href=\"/\">{}<span>{}</span></a>"
      "<nav aria-label=\"Main\">{}</nav><div class=\"account\">{}</div></header>",
      {Html::trusted(kLogoSvg), shell.product, navigation(shell.navigation), shell.account});
  Html body = html(
      "<body class=\"{}\"><a class=\"skip\" href=\"#content\">Skip to content</a>{}"
      "<main id=\"content\">{}</main><footer>{}</footer>"
      "<script src=\"{}\" defer></script></body></html>\n",
      {shell.body_class, bar, content, shell.footer, shell.script_address});
  head += body;
  return head;
}

Html avatar(const std::string& first_name, const std::string& last_name) {
  unsigned hash = 2166136261U;
  for (unsigned char c : first_name + last_name) hash = (hash ^ c) * 16777619U;
  return html("<span class=\"avatar hue-{}\" aria-hidden=\"true\">{}{}</span>",
              {hash % kHues, first_letter(first_name), first_letter(last_name)});
}

std::string byte_text(std::int64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  if (bytes < 1024 * 1024) return fmt::format("{} KB", (bytes + 512) / 1024);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / (1024 * 1024));
}

}  // namespace kit
