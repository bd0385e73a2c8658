// Instance types as data.
// https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html

#include "services/ec2/instance_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ec2/handlers.h"
#include "services/ec2/filters.h"
#include "services/ec2/zones.h"

namespace holm::ec2 {

namespace {

constexpr std::array<InstanceType, 39> kTypes = {{
    {"t2.nano", 1, 512, true},      {"t2.micro", 1, 1024, true},     {"t2.small", 1, 2048, true},
    {"t2.medium", 2, 4096, true},   {"t2.large", 2, 8192, true},     {"t2.xlarge", 4, 16384, true},
    {"t3.nano", 2, 512, true},      {"t3.micro", 2, 1024, true},     {"t3.small", 2, 2048, true},
    {"t3.medium", 2, 4096, true},   {"t3.large", 2, 8192, true},     {"t3.xlarge", 4, 16384, true},
    {"t3.2xlarge", 8, 32768, true}, {"t3a.nano", 2, 512, true},      {"t3a.micro", 2, 1024, true},
    {"t3a.small", 2, 2048, true},   {"t3a.medium", 2, 4096, true},   {"t3a.large", 2, 8192, true},
    {"m5.large", 2, 8192, false},   {"m5.xlarge", 4, 16384, false},  {"m5.2xlarge", 8, 32768, false},
    {"m6i.large", 2, 8192, false},  {"m6i.xlarge", 4, 16384, false}, {"m6i.2xlarge", 8, 32768, false},
    {"m7i.large", 2, 8192, false},  {"m7i.xlarge", 4, 16384, false}, {"c5.large", 2, 4096, false},
    {"c5.xlarge", 4, 8192, false},  {"c5.2xlarge", 8, 16384, false}, {"c6i.large", 2, 4096, false},
    {"c6i.xlarge", 4, 8192, false}, {"c7i.large", 2, 4096, false},   {"r5.large", 2, 16384, false},
    {"r5.xlarge", 4, 32768, false}, {"r6i.large", 2, 16384, false},  {"r6i.xlarge", 4, 32768, false},
    {"r7i.large", 2, 16384, false}, {"m4.large", 2, 8192, false},    {"m1.small", 1, 1740, false},
}};

InstanceTypeInfo describe(const InstanceType& type) {
  return {.instance_type = std::string(type.name),
          .current_generation =
              !type.name.starts_with("t2") && !type.name.starts_with("m4") && !type.name.starts_with("m1"),
          .supported_usage_classes = {"on-demand"},
          .supported_root_device_types = {"ebs"},
          .supported_virtualization_types = {"hvm"},
          .processor_info = ProcessorInfo{.supported_architectures = {"x86_64"}},
          .v_cpu_info = VCpuInfo{.default_v_cpus = static_cast<int32_t>(type.vcpus),
                                 .default_cores = static_cast<int32_t>(type.vcpus),
                                 .default_threads_per_core = 1},
          .memory_info = MemoryInfo{.size_in_mi_b = type.memory_mib},
          .burstable_performance_supported = type.is_burstable};
}

// The places of one kind that an account's request in `region` is about; nothing lies at an outpost.
std::vector<std::string> places_of(const std::string& region, const std::string& kind) {
  if (kind == "region") return {region};
  if (kind == "outpost") return {};
  std::vector<std::string> places = zones_of(region);
  if (kind == "availability-zone-id") std::ranges::transform(places, places.begin(), zone_id_of);
  return places;
}

}  // namespace

const InstanceType* find_instance_type(std::string_view name) {
  auto found = std::ranges::find(kTypes, name, &InstanceType::name);
  return found == kTypes.end() ? nullptr : &*found;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html
DescribeInstanceTypesResult describe_instance_types(Service&, Call&,
                                                    const DescribeInstanceTypesRequest& request) {
  check_filters("DescribeInstanceTypes", request.filters);
  for (const std::string& name : request.instance_types) {
    if (!find_instance_type(name)) {
      throw aws::ServiceError("InvalidInstanceType", 400,
                              fmt::format("The following supplied instance types do not exist: [{}]", name));
    }
  }
  DescribeInstanceTypesResult result;
  for (const InstanceType& type : kTypes) {
    if (!is_asked_for(request.instance_types, std::string(type.name))) continue;
    InstanceTypeInfo info = describe(type);
    FilterValues values = [](std::string_view) { return std::nullopt; };
    if (passes(request.filters, {}, values, described_as(info))) {
      result.instance_types.push_back(std::move(info));
    }
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.instance_types, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html
DescribeInstanceTypeOfferingsResult describe_instance_type_offerings(
    Service&, Call& call, const DescribeInstanceTypeOfferingsRequest& request) {
  check_filters("DescribeInstanceTypeOfferings", request.filters);
  const std::string kind = request.location_type.value_or("region");
  DescribeInstanceTypeOfferingsResult result;
  for (const std::string& place : places_of(call.region, kind)) {
    for (const InstanceType& type : kTypes) {
      FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
        if (name == "instance-type") return {{std::string(type.name)}};
        return {{place}};
      };
      if (!passes(request.filters, {}, values)) continue;
      result.instance_type_offerings.push_back(
          {.instance_type = std::string(type.name), .location_type = kind, .location = place});
    }
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.instance_type_offerings, request.max_results, request.next_token);
  return result;
}

}  // namespace holm::ec2
