// The managed policies of AWS that holm knows.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html

#include "services/iam/aws_policies.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "crypto/hash.h"

namespace holm::iam {

namespace {

constexpr AwsPolicy kPolicies[] = {
    {"/service-role/", "AWSLambdaBasicExecutionRole", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream",
    "logs:PutLogEvents"], "Resource": "*"}
]})"},
    {"/service-role/", "AWSLambdaDynamoDBExecutionRole", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["dynamodb:DescribeStream", "dynamodb:GetRecords",
    "dynamodb:GetShardIterator", "dynamodb:ListStreams", "logs:CreateLogGroup",
    "logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
]})"},
    {"/", "AWSLambdaExecute", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["logs:*"], "Resource": "arn:aws:logs:*:*:*"},
  {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::*"}
]})"},
    {"/service-role/", "AWSLambdaKinesisExecutionRole", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards", "kinesis:ListStreams",
    "kinesis:SubscribeToShard", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": "*"}
]})"},
    {"/service-role/", "AWSLambdaSQSQueueExecutionRole", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage",
    "sqs:GetQueueAttributes", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": "*"}
]})"},
    {"/service-role/", "AWSLambdaVPCAccessExecutionRole", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents",
    "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"],
    "Resource": "*"}
]})"},
    {"/", "AdministratorAccess", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "*", "Resource": "*"}
]})"},
    {"/", "AmazonEC2ContainerRegistryReadOnly", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer", "ecr:GetRepositoryPolicy", "ecr:DescribeRepositories",
    "ecr:ListImages", "ecr:DescribeImages", "ecr:BatchGetImage", "ecr:GetLifecyclePolicy",
    "ecr:GetLifecyclePolicyPreview", "ecr:ListTagsForResource", "ecr:DescribeImageScanFindings"],
    "Resource": "*"}
]})"},
    {"/", "AmazonEC2FullAccess", R"({"Version": "2012-10-17", "Statement": [
  {"Action": "ec2:*", "Effect": "Allow", "Resource": "*"},
  {"Effect": "Allow", "Action": "elasticloadbalancing:*", "Resource": "*"},
  {"Effect": "Allow", "Action": "cloudwatch:*", "Resource": "*"},
  {"Effect": "Allow", "Action": "autoscaling:*", "Resource": "*"},
  {"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*", "Condition":
    {"StringEquals": {"iam:AWSServiceName": ["autoscaling.amazonaws.com",
    "ec2scheduled.amazonaws.com", "elasticloadbalancing.amazonaws.com", "spot.amazonaws.com",
    "spotfleet.amazonaws.com", "transitgateway.amazonaws.com"]}}}
]})"},
    {"/", "AmazonEC2ReadOnlyAccess", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["ec2:Describe*", "ec2:GetSecurityGroupsForVpc"], "Resource": "*"},
  {"Effect": "Allow", "Action": "elasticloadbalancing:Describe*", "Resource": "*"},
  {"Effect": "Allow", "Action": ["cloudwatch:ListMetrics", "cloudwatch:GetMetricStatistics",
    "cloudwatch:Describe*"], "Resource": "*"},
  {"Effect": "Allow", "Action": "autoscaling:Describe*", "Resource": "*"}
]})"},
    {"/service-role/", "AmazonECSTaskExecutionRolePolicy", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": "*"}
]})"},
    {"/", "AmazonKinesisFullAccess", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}
]})"},
    {"/", "AmazonS3FullAccess", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["s3:*", "s3-object-lambda:*"], "Resource": "*"}
]})"},
    {"/", "AmazonS3ReadOnlyAccess", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*",
    "s3-object-lambda:List*"], "Resource": "*"}
]})"},
    {"/", "AmazonSESFullAccess", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["ses:*"], "Resource": "*"}
]})"},
    {"/", "AmazonSNSFullAccess", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["sns:*"], "Resource": "*"}
]})"},
    {"/", "AmazonSQSFullAccess", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["sqs:*"], "Resource": "*"}
]})"},
    {"/", "AmazonSQSReadOnlyAccess", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["sqs:GetQueueAttributes", "sqs:GetQueueUrl",
    "sqs:ListDeadLetterSourceQueues", "sqs:ListQueues", "sqs:ListMessageMoveTasks",
    "sqs:ListQueueTags"], "Resource": "*"}
]})"},
    {"/", "AmazonSSMManagedInstanceCore", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["ssm:DescribeAssociation",
    "ssm:GetDeployablePatchSnapshotForInstance", "ssm:GetDocument", "ssm:DescribeDocument",
    "ssm:GetManifest", "ssm:GetParameter", "ssm:GetParameters", "ssm:ListAssociations",
    "ssm:ListInstanceAssociations", "ssm:PutInventory", "ssm:PutComplianceItems",
    "ssm:PutConfigurePackageResult", "ssm:UpdateAssociationStatus",
    "ssm:UpdateInstanceAssociationStatus", "ssm:UpdateInstanceInformation"], "Resource": "*"},
  {"Effect": "Allow", "Action": ["ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel"], "Resource": "*"},
  {"Effect": "Allow", "Action": ["ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage",
    "ec2messages:FailMessage", "ec2messages:GetEndpoint", "ec2messages:GetMessages",
    "ec2messages:SendReply"], "Resource": "*"}
]})"},
    {"/", "AmazonSSMReadOnlyAccess", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["ssm:Describe*", "ssm:Get*", "ssm:List*"], "Resource": "*"}
]})"},
    {"/", "CloudWatchLogsFullAccess", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["logs:*", "cloudwatch:GenerateQuery"], "Resource": "*"}
]})"},
    {"/", "IAMFullAccess", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["iam:*", "organizations:DescribeAccount",
    "organizations:DescribeOrganization", "organizations:DescribeOrganizationalUnit",
    "organizations:DescribePolicy", "organizations:ListChildren", "organizations:ListParents",
    "organizations:ListPoliciesForTarget", "organizations:ListRoots", "organizations:ListPolicies",
    "organizations:ListTargetsForPolicy"], "Resource": "*"}
]})"},
    {"/", "IAMReadOnlyAccess", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["iam:GenerateCredentialReport",
    "iam:GenerateServiceLastAccessedDetails", "iam:Get*", "iam:List*", "iam:SimulateCustomPolicy",
    "iam:SimulatePrincipalPolicy"], "Resource": "*"}
]})"},
    {"/", "IAMUserChangePassword", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["iam:ChangePassword"], "Resource":
    ["arn:aws:iam::*:user/${aws:username}"]},
  {"Effect": "Allow", "Action": ["iam:GetAccountPasswordPolicy"], "Resource": "*"}
]})"},
    {"/", "PowerUserAccess", R"({"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
  {"Effect": "Allow", "Action": ["account:GetAccountInformation",
    "account:GetGovCloudAccountInformation", "account:GetPrimaryEmail", "account:ListRegions",
    "iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole", "iam:ListRoles",
    "organizations:DescribeEffectivePolicy", "organizations:DescribeOrganization"], "Resource": "*"}
]})"},
};

}  // namespace

std::string AwsPolicy::arn() const { return fmt::format("arn:aws:iam::aws:policy{}{}", path, name); }

std::string AwsPolicy::id() const {
  constexpr size_t kDigits = 17;
  std::string digest = hex_encode(crypto::bytes_of(crypto::sha256(arn())));
  return "ANPA" + to_upper(digest.substr(0, kDigits));
}

std::span<const AwsPolicy> aws_policies() { return kPolicies; }

const AwsPolicy* find_aws_policy(std::string_view arn) {
  if (!arn.starts_with("arn:aws:iam::aws:policy/")) return nullptr;
  auto found = std::ranges::find_if(kPolicies, [&](const AwsPolicy& one) { return one.arn() == arn; });
  return found == std::end(kPolicies) ? nullptr : &*found;
}

}  // namespace holm::iam
