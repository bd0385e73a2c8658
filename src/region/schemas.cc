// Everybody's tables.

#include "region/schemas.h"

#include "acm/migrations.h"
#include "autoscaling/migrations.h"
#include "cloudformation/migrations.h"
#include "cloudwatch/migrations.h"
#include "ec2/migrations.h"
#include "elb/migrations.h"
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
      {"acm", acm::migrations(), acm::tables()},
      {"autoscaling", autoscaling::migrations(), autoscaling::tables()},
      {"cloudformation", cloudformation::migrations(), cloudformation::tables()},
      {"cloudwatch", cloudwatch::migrations(), cloudwatch::tables()},
      {"ec2", ec2::migrations(), ec2::tables()},
      {"elb", elb::migrations(), elb::tables()},
      {"elbv2", elbv2::migrations(), elbv2::tables()},
      {"iam", iam::migrations(), iam::tables()},
      jobs::schema(),
      {"kms", kms::migrations(), kms::tables()},
      {"lambda", lambda::migrations(), lambda::tables()},
      {"logs", logs::migrations(), logs::tables()},
      {"organizations", organizations::migrations(), organizations::tables()},
      {"rds", rds::migrations(), rds::tables()},
      {"s3", s3::migrations(), s3::tables()},
      {"sns", sns::migrations(), sns::tables()},
      {"ssm", ssm::migrations(), ssm::tables()},
  };
}

}  // namespace holm::region
