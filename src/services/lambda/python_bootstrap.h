// The runtime of python3.11: a program that asks the Runtime API for work and calls the handler.
#pragma once

#include <string_view>

namespace holm::lambda {

std::string_view python_bootstrap();

}  // namespace holm::lambda
