// multipart/form-data, as browsers send forms with files: read piece by piece, whatever the size of the
// files. https://www.rfc-editor.org/rfc/rfc7578
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holm::formats {

// One part's head.
struct MultipartHead {
  std::string name;
  std::optional<std::string> file_name;
  std::string content_type;  // Empty when there is none.
};

// The boundary in a Content-Type; nothing when it is not multipart/form-data or has none.
std::optional<std::string> multipart_boundary(std::string_view content_type);

// Takes bytes and gives what they mean. One thread; never throws; keeps no more than it was fed and has not
// told.
class MultipartReader final {
 public:
  explicit MultipartReader(std::string_view boundary);

  enum class Event {
    NeedMore,   // Feed more bytes; when there are none the form was cut short.
    Part,       // A part begins: head().
    Data,       // Bytes of the part: data().
    PartEnd,    // The part has no more bytes.
    End,        // The form is complete; what follows is nothing of it.
    Malformed,  // It is no such form. For ever.
  };

  void feed(std::string_view bytes);
  Event next();

  const MultipartHead& head() const { return head_; }
  std::string_view data() const { return data_; }  // Valid until the next feed() or next().

 private:
  enum class State { Preamble, AfterBoundary, Head, Body, End, Malformed };
  Event preamble();
  Event after_boundary();
  Event read_head();
  Event body();
  Event fail();

  std::string delimiter_;  // CR LF "--" boundary
  std::string buffer_ = "\r\n";
  size_t taken_ = 0;  // Of the buffer.
  State state_ = State::Preamble;
  MultipartHead head_;
  std::string_view data_;
};

}  // namespace holm::formats
