// Bodies that came compressed.

#include "http/gzip.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace holm::http {
namespace {

// "hello hello hello", as gzip(1) makes it.
const std::string kHello = hex_decode("1f8b0800000000000203cb48cdc9c957c84090008088f9e511000000").value();
// 5000 times x.
const std::string kLong =
    hex_decode("1f8b0800000000000203edc13101000000c2a0da8b6f0a3fa00000000080b70126f0db0088130000").value();

TEST(Gzip, GivesBackWhatWasCompressed) {
  EXPECT_EQ(gunzip(kHello, 17).value(), "hello hello hello");
  EXPECT_EQ(gunzip(kLong, 5000).value(), std::string(5000, 'x'));
}

TEST(Gzip, CompressesWhatCanBeUncompressed) {
  for (const std::string& text : {std::string(), std::string("hello"), std::string(100'000, 'x') + "y"}) {
    EXPECT_EQ(gunzip(gzip(text), text.size()).value(), text);
  }
  EXPECT_LT(gzip(std::string(100'000, 'x')).size(), 1000u);
}

TEST(Gzip, StopsAtItsBound) {
  EXPECT_FALSE(gunzip(kHello, 16));
  EXPECT_FALSE(gunzip(kLong, 4999));
}

TEST(Gzip, RefusesWhatIsNotCompressed) {
  for (size_t size = 0; size < kHello.size(); ++size)
    EXPECT_FALSE(gunzip(kHello.substr(0, size), 1000)) << size;
  EXPECT_FALSE(gunzip("hello hello hello", 1000));
  EXPECT_FALSE(gunzip(kHello + "x", 1000));
  std::string damaged = kHello;
  damaged[15] ^= 1;
  EXPECT_FALSE(gunzip(damaged, 1000));
}

}  // namespace
}  // namespace holm::http
