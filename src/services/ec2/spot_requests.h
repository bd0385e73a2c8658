// Spot instances: they run until they end by themselves or are taken away, two minutes after they were told so.
// There is no market in a region of one's own: nothing costs, so no price is too low, and only who asks for an
// interruption (`holm fault spot`) takes an instance away.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-spot-instances.html
//
// Functions on rows run in the transaction of their caller; SpotInterruptions on any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/jobs.h"
#include "services/ec2/instances.h"

namespace holm::ec2 {

class Service;

// As tag specifications call them.
inline constexpr std::string_view kSpotRequestType = "spot-instances-request";

// A one-time request, which its instance fulfils. Times in milliseconds.
struct SpotRequestRow {
  std::string id, instance;
  std::optional<std::string> max_price;  // Told only.
  bool is_cancelled = false;
  int64_t created = 0;
  std::optional<int64_t> noticed, ends;  // The instance was told then that it ends then.
};

std::optional<SpotRequestRow> spot_request_of(sql::Transaction& transaction, const std::string& instance);
// Throws ServiceError for options that are not those of a one-time request.
void check_market_options(const std::optional<InstanceMarketOptionsRequest>& options);
// The request for a new instance.
void insert_spot_request(Service& service, Call& call, const InstanceRow& instance,
                         const InstanceMarketOptionsRequest& options, const std::vector<Tag>& tags);

// Ends instances whose time has come.
class SpotInterruptions final {
 public:
  SpotInterruptions(Dependencies& use, Instances& instances) : use_(use), instances_(instances) {}

  static constexpr char kJob[] = "ec2.spot-interruption";
  // Runs the jobs from now on.
  void start();

 private:
  jobs::Outcome run(const std::string& instance);

  Dependencies& use_;
  Instances& instances_;
};

}  // namespace holm::ec2
