// multipart/form-data, read piece by piece.

#include "formats/multipart.h"

#include "base/strings.h"

namespace holm::formats {

namespace {

constexpr size_t kBoundaryMax = 200;
constexpr size_t kHeadBytesMax = 8192;
constexpr size_t kPreambleBytesMax = 8192;
constexpr std::string_view kLine = "\r\n";

// `name="a \"b\"; c"`: a parameter of a header's value.
std::optional<std::string> parameter(std::string_view value, std::string_view wanted) {
  size_t at = value.find(';');
  while (at != std::string_view::npos) {
    const size_t equals = value.find('=', at);
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view name = trim(value.substr(at + 1, equals - at - 1));
    std::string text;
    size_t next = equals + 1;
    while (next < value.size() && value[next] == ' ') ++next;
    if (next < value.size() && value[next] == '"') {
      for (++next; next < value.size() && value[next] != '"'; ++next) {
        // Only quotes are escaped; other backslashes stand for themselves, as in old paths of files.
        if (value[next] == '\\' && next + 1 < value.size() && value[next + 1] == '"') ++next;
        text += value[next];
      }
      if (next >= value.size()) return std::nullopt;
      at = value.find(';', next);
    } else {
      at = value.find(';', next);
      text = trim(value.substr(next, at == std::string_view::npos ? at : at - next));
    }
    if (equals_ignoring_case(name, wanted)) return text;
  }
  return std::nullopt;
}

// Of a part's head without the empty line; nothing unless it names the field.
std::optional<MultipartHead> parse_head(std::string_view text) {
  MultipartHead head;
  bool is_named = false;
  while (!text.empty()) {
    const size_t end = text.find(kLine);
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + kLine.size());
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const std::string_view name = trim(line.substr(0, colon));
    const std::string_view value = trim(line.substr(colon + 1));
    if (equals_ignoring_case(name, "Content-Type")) head.content_type = value;
    if (!equals_ignoring_case(name, "Content-Disposition")) continue;
    auto field = parameter(value, "name");
    if (!field) return std::nullopt;
    head.name = std::move(*field);
    head.file_name = parameter(value, "filename");
    is_named = true;
  }
  if (!is_named) return std::nullopt;
  return head;
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  if (!equals_ignoring_case(type, "multipart/form-data")) return std::nullopt;
  auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kBoundaryMax) return std::nullopt;
  return boundary;
}

MultipartReader::MultipartReader(std::string_view boundary) : delimiter_("\r\n--" + std::string(boundary)) {}

void MultipartReader::feed(std::string_view bytes) {
  buffer_.erase(0, taken_);
  taken_ = 0;
  if (state_ != State::End && state_ != State::Malformed) buffer_ += bytes;
}

MultipartReader::Event MultipartReader::next() {
  data_ = {};
  switch (state_) {
    case State::Preamble: return preamble();
    case State::AfterBoundary: return after_boundary();
    case State::Head: return read_head();
    case State::Body: return body();
    case State::End: return Event::End;
    case State::Malformed: return Event::Malformed;
  }
  return fail();
}

MultipartReader::Event MultipartReader::preamble() {
  const size_t at = buffer_.find(delimiter_, taken_);
  if (at == std::string::npos) return buffer_.size() > kPreambleBytesMax ? fail() : Event::NeedMore;
  taken_ = at + delimiter_.size();
  state_ = State::AfterBoundary;
  return after_boundary();
}

// Behind a boundary: "--" for the last one, else the end of its line.
MultipartReader::Event MultipartReader::after_boundary() {
  if (buffer_.size() - taken_ < kLine.size()) return Event::NeedMore;
  const std::string_view rest = std::string_view(buffer_).substr(taken_);
  if (rest.starts_with("--")) {
    state_ = State::End;
    taken_ = buffer_.size();
    return Event::End;
  }
  const size_t end = rest.find(kLine);
  if (end == std::string_view::npos) return rest.size() > kPreambleBytesMax ? fail() : Event::NeedMore;
  if (rest.substr(0, end).find_first_not_of(" \t") != std::string_view::npos) return fail();
  taken_ += end;  // The line's end stays: a head without any line ends with two of them.
  state_ = State::Head;
  return read_head();
}

MultipartReader::Event MultipartReader::read_head() {
  const std::string_view rest = std::string_view(buffer_).substr(taken_);
  const size_t end = rest.find("\r\n\r\n");
  if (end == std::string_view::npos) return rest.size() > kHeadBytesMax ? fail() : Event::NeedMore;
  if (end > kHeadBytesMax || end < kLine.size()) return fail();
  auto head = parse_head(rest.substr(kLine.size(), end - kLine.size()));
  if (!head) return fail();
  head_ = std::move(*head);
  taken_ += end + 2 * kLine.size();
  state_ = State::Body;
  return Event::Part;
}

MultipartReader::Event MultipartReader::body() {
  const std::string_view rest = std::string_view(buffer_).substr(taken_);
  const size_t at = rest.find(delimiter_);
  if (at == 0) {
    taken_ += delimiter_.size();
    state_ = State::AfterBoundary;
    return Event::PartEnd;
  }
  if (at != std::string_view::npos) {
    data_ = rest.substr(0, at);
  } else {
    // The last bytes may be the beginning of a delimiter.
    if (rest.size() < delimiter_.size()) return Event::NeedMore;
    data_ = rest.substr(0, rest.size() - delimiter_.size() + 1);
  }
  taken_ += data_.size();
  return Event::Data;
}

MultipartReader::Event MultipartReader::fail() {
  state_ = State::Malformed;
  return Event::Malformed;
}

}  // namespace holm::formats
