// Bodies of verified requests, one class for those in one piece and one for those in chunks.

#include <algorithm>

#include "async/placing.h"
#include "aws/signature/canonical.h"
#include "aws/signature/chunked.h"
#include "base/check.h"
#include "base/strings.h"

namespace holm::aws::signature {

namespace {

// What may follow the chunks; anything else would go unchecked.
constexpr std::string_view kTrailers[] = {"x-amz-checksum-crc32", "x-amz-checksum-crc32c",
                                          "x-amz-checksum-crc64nvme", "x-amz-checksum-sha1",
                                          "x-amz-checksum-sha256"};

using Source = std::unique_ptr<async::ByteSource>;

Result<void, Problem> compare(const std::string& declared_sha256, const crypto::Sha256Digest& digest) {
  std::string computed = hex_encode(crypto::bytes_of(digest));
  if (computed == declared_sha256) return {};
  return std::unexpected(
      Problem{"XAmzContentSHA256Mismatch",
              400,
              "The provided 'x-amz-content-sha256' header does not match what was computed.",
              {{"ClientComputedContentSHA256", declared_sha256},
               {"S3ComputedContentSHA256", std::move(computed)}}});
}

// As it comes; checked against the declared hash if there is one.
class WholePayload final : public Payload, public async::Placing {
 public:
  WholePayload(Source body, std::string declared_sha256)
      : body_(std::move(body)), declared_sha256_(std::move(declared_sha256)) {}

  async::Task<std::string_view> read() override {
    const std::string_view piece = co_await body_->read();
    take(piece);
    co_return piece;
  }
  async::Task<std::string_view> read_to(std::span<char> place) override {
    const std::string_view piece = co_await async::read_to(*body_, place);
    take(piece);
    co_return piece;
  }

  std::optional<uint64_t> length() const override { return body_->length(); }
  const std::vector<Trailer>& trailers() const override { return trailers_; }

 private:
  void take(std::string_view piece) {
    if (declared_sha256_.empty()) return;
    if (piece.empty()) return check_hash();
    hash_.update(piece);
  }

  void check_hash() {
    if (checked_) return;
    auto compared = compare(declared_sha256_, hash_.finish());
    if (!compared) throw PayloadError(std::move(compared.error()));
    checked_ = true;
  }

  Source body_;
  std::string declared_sha256_;
  crypto::Sha256 hash_;
  bool checked_ = false;
  std::vector<Trailer> trailers_;
};

class ChunkedPayload final : public Payload {
 public:
  ChunkedPayload(Source body, const Verified& verified, ChunkDecoder::Options options)
      : body_(std::move(body)),
        length_(options.decoded_bytes),
        trailer_names_(options.trailer_names),
        decoder_(verified, std::move(options)) {}

  async::Task<std::string_view> read() override {
    while (true) {
      Result<std::string_view, Problem> piece = decoder_.decode(input_);
      if (!piece) throw PayloadError(std::move(piece.error()));
      if (!piece->empty()) co_return *piece;
      input_ = co_await body_->read();
      if (!input_.empty()) continue;
      Result<void, Problem> finished = decoder_.finish();
      if (!finished) throw PayloadError(std::move(finished.error()));
      co_return std::string_view();
    }
  }

  std::optional<uint64_t> length() const override { return length_; }
  const std::vector<Trailer>& trailers() const override { return decoder_.trailers(); }
  std::vector<std::string> trailer_names() const override { return trailer_names_; }

  std::optional<std::string> find_trailer(std::string_view name) const override {
    for (const Trailer& trailer : decoder_.trailers()) {
      if (trailer.name == name) return trailer.value;
    }
    return std::nullopt;
  }

 private:
  Source body_;
  std::optional<uint64_t> length_;
  std::vector<std::string> trailer_names_;
  ChunkDecoder decoder_;
  std::string_view input_;
};

Result<std::unique_ptr<Payload>, Problem> open_chunks(const Verified& verified,
                                                      const RequestView& request, Source body) {
  ChunkDecoder::Options options;
  const auto length = canonical_header(request, "x-amz-decoded-content-length");
  const auto bytes = length ? parse_integer(*length) : std::nullopt;
  if (!bytes || *bytes < 0) {
    return std::unexpected(Problem{
        "MissingContentLength", 411, "You must provide the Content-Length HTTP header.", {}});
  }
  options.decoded_bytes = static_cast<uint64_t>(*bytes);
  const std::string names = canonical_header(request, "x-amz-trailer").value_or("");
  for (std::string_view name : split(names, ',')) {
    if (!trim(name).empty()) options.trailer_names.push_back(to_lower(trim(name)));
  }
  const auto is_known = [](const std::string& name) {
    return std::ranges::find(kTrailers, name) != std::end(kTrailers);
  };
  if (options.trailer_names.size() > kMaxTrailers ||
      !std::ranges::all_of(options.trailer_names, is_known)) {
    return std::unexpected(
        Problem{"InvalidRequest",
                400,
                "The value specified in the x-amz-trailer header is not supported",
                {}});
  }
  return std::make_unique<ChunkedPayload>(std::move(body), verified, std::move(options));
}

}  // namespace

bool is_whole(PayloadMode mode) {
  switch (mode) {
    case PayloadMode::SignedHash:
    case PayloadMode::UnsignedPayload:
      return true;
    case PayloadMode::StreamingSigned:
    case PayloadMode::StreamingSignedTrailer:
    case PayloadMode::StreamingUnsignedTrailer:
      return false;
  }
  CHECK(false);
  return false;
}

Result<void, Problem> check_whole(const Verified& verified, std::string_view body) {
  CHECK(is_whole(verified.payload));
  if (verified.payload == PayloadMode::UnsignedPayload || verified.declared_sha256.empty()) return {};
  // Most requests have no body.
  if (body.empty() && verified.declared_sha256 == kEmptySha256) return {};
  return compare(verified.declared_sha256, crypto::sha256(body));
}

Result<std::unique_ptr<Payload>, Problem> open_payload(const Verified& verified,
                                                       const RequestView& request, Source body) {
  switch (verified.payload) {
    case PayloadMode::SignedHash:
      return std::make_unique<WholePayload>(std::move(body), verified.declared_sha256);
    case PayloadMode::UnsignedPayload:
      return std::make_unique<WholePayload>(std::move(body), std::string());
    case PayloadMode::StreamingSigned:
    case PayloadMode::StreamingSignedTrailer:
    case PayloadMode::StreamingUnsignedTrailer:
      return open_chunks(verified, request, std::move(body));
  }
  CHECK(false);
  return {};
}

}  // namespace holm::aws::signature
