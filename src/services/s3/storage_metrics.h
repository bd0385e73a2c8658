// How much each bucket holds, measured for CloudWatch at the end of every day.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html#s3-cloudwatch-metrics
#pragma once

#include "base/clock.h"

namespace holm::metrics {
class Recorder;
}

namespace holm::s3 {

class Service;

// The kind of the job that measures.
inline constexpr char kStorageMetricsJob[] = "s3.storage-metrics";
// BucketSizeBytes by class and NumberOfObjects, of every bucket that holds anything; versions, delete markers
// and parts of unfinished uploads count. Looks at all versions: job threads only.
void measure_storage(Service& service, metrics::Recorder& recorder, Time now);

}  // namespace holm::s3
