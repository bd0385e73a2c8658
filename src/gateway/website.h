// Requests to buckets that are web sites: the objects, redirects and error pages that visitors get.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html
#pragma once

#include <functional>
#include <string>

#include "async/reactor.h"
#include "async/task.h"
#include "async/workers.h"
#include "aws/service/error.h"
#include "aws/service/websites.h"
#include "http/message.h"

namespace holm::gateway {

// One visit of a site. Lives as long as its request; one reactor.
class WebsiteVisit final {
 public:
  struct Wanted {
    std::string method;
    std::string key;
    enum class Headers { All, None } headers = Headers::None;  // Of the visitor: ranges, conditions.
  };
  // The object as a stranger gets it from S3. Throws ServiceError when it cannot be had.
  using Fetch = std::function<async::Task<http::Response>(Wanted wanted)>;

  WebsiteVisit(const aws::Websites& sites, async::Workers& workers, async::Reactor& reactor,
               const http::Request& head, std::string bucket, std::string request_id, Fetch fetch);

  async::Task<http::Response> answer();

 private:
  async::Task<http::Response> answer_for(aws::WebsiteStep step);
  async::Task<http::Response> answer_otherwise(aws::ServiceError error);
  async::Task<bool> has_folder();
  http::Response page_of(const aws::ServiceError& error, const aws::ServiceError* of_document) const;

  const aws::Websites& sites_;
  async::Workers& workers_;
  async::Reactor& reactor_;
  const http::Request& head_;
  const std::string request_id_;
  const Fetch fetch_;
  aws::WebsiteRequest request_;
};

}  // namespace holm::gateway
