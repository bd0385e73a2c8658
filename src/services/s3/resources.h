// The CloudFormation types of S3.
#pragma once

#include <memory>
#include <vector>

#include "stacks/resource_type.h"

namespace holm::s3 {

// AWS::S3::Bucket and AWS::S3::BucketPolicy; for the region's registry.
std::vector<std::unique_ptr<stacks::ResourceType>> resource_types();

}  // namespace holm::s3
