// However long a text is and wherever it is cut: the checks are those of its bits taken one by one.

#include "crypto/crc.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/seeded_random.h"

namespace holm::crypto {

namespace {

template <class Word>
Word bit_by_bit(std::string_view bytes, Word polynomial) {
  Word crc = static_cast<Word>(~Word{0});
  for (const char byte : bytes) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? polynomial : 0);
  }
  return static_cast<Word>(~crc);
}

std::string text_of(size_t bytes) {
  test::SeededRandom random;
  std::string text(bytes, '\0');
  random.fill(text.data(), text.size());
  return text;
}

void expect_right(std::string_view text, size_t cut) {
  const std::string_view first = text.substr(0, cut), second = text.substr(cut);
  EXPECT_EQ(crc32(second, crc32(first)), bit_by_bit<uint32_t>(text, 0xEDB88320)) << text.size() << " " << cut;
  EXPECT_EQ(crc32c(second, crc32c(first)), bit_by_bit<uint32_t>(text, 0x82F63B78)) << text.size() << " " << cut;
  EXPECT_EQ(crc64nvme(second, crc64nvme(first)), bit_by_bit<uint64_t>(text, 0x9A6C9329AC4BC9B5))
      << text.size() << " " << cut;
}

TEST(Crc, IsTheSameForEveryLength) {
  const std::string text = text_of(700);
  for (size_t bytes = 0; bytes <= 600; ++bytes) expect_right(std::string_view(text).substr(bytes % 17, bytes), 0);
}

TEST(Crc, IsTheSameWhereverATextIsCut) {
  const std::string text = text_of(400);
  for (size_t cut = 0; cut <= text.size(); ++cut) expect_right(text, cut);
}

TEST(Crc, OfKnownTexts) {
  // https://reveng.sourceforge.io/crc-catalogue/all.htm
  EXPECT_EQ(crc32("123456789"), 0xCBF43926u);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc64nvme("123456789"), 0xAE8B14860A799888u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
}

}  // namespace

}  // namespace holm::crypto
