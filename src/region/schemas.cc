// Everybody's tables.

#include "region/schemas.h"

#include "acm/migrations.h"
#include "autoscaling/migrations.h"
#include "cloudformation/migrations.h"
#include "cloudwatch/migrations.h"
#include "ec2/migrations.h"
#include "elbv2/migrations.h"
#include "iam/migrations.h"
#include "jobs/jobs.h"
#include "kms/migrations.h"
#include "lambda/migrations.h"
#include "logs/migrations.h"
#include "organizations/migrations.h"
#include "rds/migrations.h"
#include "s3/migrations.h"
#include "sns/migrations.h"
#include "ssm/migrations.h"

namespace holm::region {

std::vector<sql::Schema> schemas() {
  return {
      {"acm", acm::migrations()},
      {"autoscaling", autoscaling::migrations()},
      {"cloudformation", cloudformation::migrations()},
      {"cloudwatch", cloudwatch::migrations()},
      {"ec2", ec2::migrations()},
      {"elbv2", elbv2::migrations()},
      {"iam", iam::migrations()},
      jobs::schema(),
      {"kms", kms::migrations()},
      {"lambda", lambda::migrations()},
      {"logs", logs::migrations()},
      {"organizations", organizations::migrations()},
      {"rds", rds::migrations()},
      {"s3", s3::migrations()},
      {"sns", sns::migrations()},
      {"ssm", ssm::migrations()},
  };
}

}  // namespace holm::region
