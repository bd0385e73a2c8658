// The hashes of the xxHash family, for each way in which a length is hashed.

#include "crypto/xxhash.h"

#include <gtest/gtest.h>

namespace holm::crypto {

namespace {

struct Row {
  size_t length;
  uint64_t hash64;
  uint64_t hash3;
  Hash128 hash128;
};

// As the reference implementation, version 0.8.1, gives them.
const Row kRows[] = {
    {0, 0xef46db3751d8e999, 0x2d06800538d394c2, {0x99aa06d3014798d8, 0x6001c324468d497f}},
    {1, 0xe934a84adb052768, 0xc44bdff4074eecdb, {0xa6cd5e9392000f6a, 0xc44bdff4074eecdb}},
    {3, 0xa83378d1eb86ec62, 0x6811538b444fc6dc, {0xc925ae1797c3998f, 0x6811538b444fc6dc}},
    {4, 0x9882e57ed36c4cfc, 0xed503340c589a28b, {0x6ae518c60df23fca, 0xdb9cecd5eb59a7f1}},
    {8, 0x6f799d7284a5cbe6, 0x4f85d8ab9b39844c, {0x6507b47b7f58d9cc, 0x77ab7a748de0738f}},
    {9, 0x0420f411ad72a049, 0x1779c8886774d557, {0x6509060eaf5ad5e4, 0xa8c0d068fea88fd0}},
    {16, 0xcfe63fd26afdf7e5, 0x62a23c4699bcd2b8, {0xd2c45d07afb30e72, 0xc8e07b4d73c3487e}},
    {17, 0x89b933a4cfc9d751, 0xc5f1cbadff1f36be, {0x9fb5d1df5f596243, 0xfe29229275898434}},
    {31, 0x3a4bddf524c48530, 0x2d6bc7fd9fa090b5, {0x6ecefa9f80457893, 0x1ac04ffb145addc8}},
    {32, 0xa4d75ab355f13155, 0xbf7065a3452980b2, {0x8371440f439c0425, 0xc662d67c70c5b7a6}},
    {33, 0x445a4aaaffe45526, 0x3d365a449ecddf3c, {0x30faa5eeaf230be5, 0x98787a2bb7e6bb3c}},
    {64, 0x26c01cf9fb1c3888, 0xaf8b6bfece1261a0, {0x11b52e3a3a1ece0b, 0xd8045d029ce2e30a}},
    {96, 0x39f6f361003acec8, 0x0a689d903440bb8f, {0xa1e6f13095f15ca0, 0x1c22dad05a09df30}},
    {128, 0x152a1617a08a381f, 0x490d553b79fe5ba5, {0x74c0202f0eccba84, 0xf6b9b88d64ef5981}},
    {129, 0x1ce0213e4d4108e2, 0xde71e7e5cc056159, {0xa002ff0408336266, 0xbb0134c2914d613f}},
    {239, 0x9b34a7058759ae55, 0xaa21fbb1579cb120, {0x86be780eba443bc3, 0x97d43ea70c7f16fe}},
    {240, 0x21c3b14ac1e8e125, 0xb9830d4617b8f46b, {0x70f8428cd2446875, 0x92fb8120209f7d7e}},
    {241, 0x1071719106b40108, 0x7315654a87656e22, {0xc6eb3a6aa19381d5, 0x7315654a87656e22}},
    {256, 0x2edb72dbe060cedb, 0xfdc326c29ffab3af, {0xd36c00a3d869af48, 0xfdc326c29ffab3af}},
    {1023, 0x92c1242f999acbb1, 0xaa702bc42843d100, {0xea36cec64de3e414, 0xaa702bc42843d100}},
    {1024, 0xa8e2ad0680e161ab, 0x660f17b831d36059, {0xecb1ecee8b05bd5a, 0x660f17b831d36059}},
    {1025, 0x1965a72319350515, 0x8dc958605ec1686e, {0xf48fa7f9904e60ba, 0x8dc958605ec1686e}},
    {2048, 0x68380ff8151a9995, 0x92374671e939e0e3, {0x32e554b0afeec923, 0x92374671e939e0e3}},
    {5000, 0x5560ab64e11b78a0, 0xe2a14a0ccc42f4f0, {0x5c44c01fe3ac1de3, 0xe2a14a0ccc42f4f0}}};

std::string text_of(size_t length) {
  std::string text;
  for (size_t i = 0; i < length; ++i) text += static_cast<char>(i * 131 + i / 7);
  return text;
}

TEST(Xxhash, IsThatOfTheReferenceInWhateverPiecesTheTextComes) {
  for (const Row& row : kRows) {
    const std::string text = text_of(row.length);
    for (const size_t piece : {size_t{1}, size_t{7}, size_t{64}, size_t{1000}, size_t{5000}}) {
      SCOPED_TRACE(std::to_string(row.length) + " bytes in pieces of " + std::to_string(piece));
      Xxhash64 hash64;
      Xxhash3 hash3;
      for (size_t at = 0; at < text.size(); at += piece) {
        hash64.update(std::string_view(text).substr(at, piece));
        hash3.update(std::string_view(text).substr(at, piece));
      }
      EXPECT_EQ(hash64.finish(), row.hash64);
      EXPECT_EQ(hash3.finish(), row.hash3);
      EXPECT_EQ(hash3.finish_long(), row.hash128);
    }
  }
}

}  // namespace

}  // namespace holm::crypto
