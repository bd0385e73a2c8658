// The anchor alone, for tests and benchmarks: `sandbox_anchor DATA_DIRECTORY`.

#include <cstdio>

#include "sandbox/anchor.h"

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: sandbox_anchor DATA_DIRECTORY\n", stderr);
    return 2;
  }
  return holm::sandbox::run_anchor({.data_directory = arguments[1]});
}
