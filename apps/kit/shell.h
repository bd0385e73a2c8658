// The frame around every page: head, bar, navigation, footer. The look is style.css.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kit/html.h"

namespace kit {

struct NavigationEntry {
  std::string label;
  std::string address;
  bool is_current = false;
};

struct Shell {
  std::string title;
  std::string product;
  std::vector<NavigationEntry> navigation;
  Html account;  // At the right of the bar.
  Html footer;
  std::string csrf_token;     // Empty when nobody is signed in.
  std::string style_address;  // Where the program serves kStyleCss and kLiveJs.
  std::string script_address;
  std::string body_class;
};

Html page(const Shell& shell, const Html& content);

// Two capital letters on a colour that stays the same for a name.
Html avatar(const std::string& first_name, const std::string& last_name);

// "4.8 MB", "212 KB".
std::string byte_text(std::int64_t bytes);

}  // namespace kit
