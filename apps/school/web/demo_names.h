// Invented people of the demonstration school.
#pragma once

#include <span>

namespace school {

struct DemoName {
  const char* first;
  const char* last;
};

struct DemoSaying {
  const char* quote;
  const char* clubs;
};

std::span<const DemoName> demo_pupils();    // 120.
std::span<const DemoName> demo_teachers();  // One a class.
std::span<const DemoSaying> demo_sayings();

}  // namespace school
