// Forms with files.

#include "formats/multipart.h"

#include <gtest/gtest.h>

namespace holm::formats {

namespace {

// "name(file,type)=bytes;…", and how it ended.
std::string read(std::string_view text, size_t piece) {
  using Event = MultipartReader::Event;
  MultipartReader reader("xx");
  std::string told;
  while (true) {
    switch (reader.next()) {
      case Event::NeedMore:
        if (text.empty()) return told + "cut";
        reader.feed(text.substr(0, piece));
        text.remove_prefix(std::min(piece, text.size()));
        break;
      case Event::Part:
        told += reader.head().name + "(" + reader.head().file_name.value_or("-") + "," +
                reader.head().content_type + ")=";
        break;
      case Event::Data: told += reader.data(); break;
      case Event::PartEnd: told += ";"; break;
      case Event::End: return told + "end";
      case Event::Malformed: return told + "malformed";
    }
  }
}

TEST(Multipart, IsTheSameInPiecesOfAnySize) {
  const std::string form =
      "--xx\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nfoo.txt\r\n"
      "--xx\r\ncontent-disposition: form-data; filename=\"a \\\"b\\\".txt\"; name=file\r\n"
      "Content-Type: text/plain\r\n\r\nline\r\n--x\r\n\r\n--xx  \r\n"
      "Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--xx--\r\nepilogue";
  for (size_t piece = 1; piece <= form.size(); ++piece) {
    SCOPED_TRACE(piece);
    EXPECT_EQ(read(form, piece),
              "key(-,)=foo.txt;file(a \"b\".txt,text/plain)=line\r\n--x\r\n;empty(-,)=;end");
  }
}

TEST(Multipart, ThatIsNoneIsSaidToBe) {
  EXPECT_EQ(read("--xx\r\nContent-Disposition: form-data\r\n\r\nx\r\n--xx--", 1000), "malformed")
      << "no name";
  EXPECT_EQ(read("--xx\r\nnonsense\r\n\r\nx\r\n--xx--", 1000), "malformed");
  EXPECT_EQ(read("--xxy\r\n\r\nx", 1000), "malformed");
  EXPECT_EQ(read("--xx\r\n\r\nx\r\n--xx--", 1000), "malformed") << "a part has to be named";
  EXPECT_EQ(read("--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx", 1000), "a(-,)=cut");
  EXPECT_EQ(read(std::string(10'000, 'x'), 1000), "malformed") << "something else altogether";
}

TEST(Multipart, BoundaryIsFoundInTheContentType) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(multipart_boundary("Multipart/Form-Data; charset=utf-8; boundary=\"a b\""), "a b");
  EXPECT_EQ(multipart_boundary("multipart/form-data"), std::nullopt);
  EXPECT_EQ(multipart_boundary("text/plain; boundary=abc"), std::nullopt);
}

}  // namespace

}  // namespace holm::formats
