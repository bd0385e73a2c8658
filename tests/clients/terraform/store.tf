# Buckets as people write them, with most of what can be set on them. Lifecycle rules are left out: the provider looks
# at them for a minute until it believes that they stay.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" { type = string }
provider "aws" {
  region            = "us-east-1"
  s3_use_path_style = true
  default_tags { tags = { owner = "terraform" } }
  endpoints {
    iam = var.endpoint
    kms = var.endpoint
    s3  = var.endpoint
    sns = var.endpoint
    sts = var.endpoint
  }
}
data "aws_caller_identity" "me" {}

resource "aws_s3_bucket" "store" {
  bucket_prefix = "store-"
  force_destroy = true
  tags          = { Name = "store" }
}
resource "aws_s3_bucket_versioning" "store" {
  bucket = aws_s3_bucket.store.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket_ownership_controls" "store" {
  bucket = aws_s3_bucket.store.id
  rule { object_ownership = "BucketOwnerPreferred" }
}
resource "aws_s3_bucket_acl" "store" {
  depends_on = [aws_s3_bucket_ownership_controls.store]
  bucket     = aws_s3_bucket.store.id
  acl        = "private"
}
resource "aws_s3_bucket_public_access_block" "store" {
  bucket                  = aws_s3_bucket.store.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
resource "aws_kms_key" "store" { deletion_window_in_days = 7 }
resource "aws_s3_bucket_server_side_encryption_configuration" "store" {
  bucket = aws_s3_bucket.store.id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.store.arn
    }
  }
}
resource "aws_s3_bucket_cors_configuration" "store" {
  bucket = aws_s3_bucket.store.id
  cors_rule {
    allowed_methods = ["PUT", "POST"]
    allowed_origins = ["https://shop.example.com"]
    allowed_headers = ["*"]
    expose_headers  = ["ETag"]
    max_age_seconds = 3000
  }
}
resource "aws_s3_bucket_policy" "store" {
  bucket = aws_s3_bucket.store.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyHere", Effect = "Deny", Principal = "*", Action = "s3:*"
      Resource  = [aws_s3_bucket.store.arn, "${aws_s3_bucket.store.arn}/*"]
      Condition = { StringNotEquals = { "aws:PrincipalAccount" = data.aws_caller_identity.me.account_id } }
    }]
  })
}
resource "aws_s3_bucket_accelerate_configuration" "store" {
  bucket = aws_s3_bucket.store.id
  status = "Enabled"
}
resource "aws_s3_bucket_request_payment_configuration" "store" {
  bucket = aws_s3_bucket.store.id
  payer  = "Requester"
}
resource "aws_s3_object" "readme" {
  depends_on    = [aws_s3_bucket_server_side_encryption_configuration.store]
  bucket        = aws_s3_bucket.store.id
  key           = "docs/read me.txt"
  content       = "hello"
  content_type  = "text/plain"
  storage_class = "STANDARD_IA"
  metadata      = { author = "terraform" }
}
resource "aws_s3_object_copy" "copy" {
  bucket = aws_s3_bucket.store.id
  key    = "docs/copy.txt"
  source = "${aws_s3_object.readme.bucket}/${aws_s3_object.readme.key}"
}

# Where logs, lists and copies go.
resource "aws_s3_bucket" "target" {
  bucket              = "${aws_s3_bucket.store.id}-target"
  object_lock_enabled = true
  force_destroy       = true
}
resource "aws_s3_bucket_versioning" "target" {
  bucket = aws_s3_bucket.target.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket_object_lock_configuration" "target" {
  bucket = aws_s3_bucket.target.id
  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = 1
    }
  }
}
resource "aws_s3_bucket_logging" "store" {
  bucket        = aws_s3_bucket.store.id
  target_bucket = aws_s3_bucket.target.id
  target_prefix = "log/"
}
resource "aws_s3_bucket_intelligent_tiering_configuration" "store" {
  bucket = aws_s3_bucket.store.id
  name   = "unused"
  filter {
    prefix = "docs/"
    tags   = { kind = "photo" }
  }
  tiering {
    access_tier = "ARCHIVE_ACCESS"
    days        = 125
  }
  tiering {
    access_tier = "DEEP_ARCHIVE_ACCESS"
    days        = 180
  }
}
resource "aws_s3_bucket_inventory" "store" {
  bucket                   = aws_s3_bucket.store.id
  name                     = "everything"
  included_object_versions = "All"
  optional_fields          = ["Size", "LastModifiedDate", "StorageClass"]
  schedule { frequency = "Weekly" }
  destination {
    bucket {
      format     = "CSV"
      bucket_arn = aws_s3_bucket.target.arn
      prefix     = "lists"
      encryption {
        sse_s3 {}
      }
    }
  }
}
resource "aws_iam_role" "copier" {
  name = "${aws_s3_bucket.store.id}-copier"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "s3.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}
resource "aws_s3_bucket_replication_configuration" "store" {
  depends_on = [aws_s3_bucket_versioning.store, aws_s3_bucket_versioning.target]
  bucket     = aws_s3_bucket.store.id
  role       = aws_iam_role.copier.arn
  rule {
    id       = "data"
    status   = "Enabled"
    priority = 1
    filter { prefix = "data/" }
    delete_marker_replication { status = "Disabled" }
    destination {
      bucket        = aws_s3_bucket.target.arn
      storage_class = "GLACIER"
    }
  }
}
resource "aws_sns_topic" "news" { name = "${aws_s3_bucket.store.id}-news" }
resource "aws_sns_topic_policy" "news" {
  arn = aws_sns_topic.news.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow", Principal = { Service = "s3.amazonaws.com" }, Action = "SNS:Publish"
      Resource  = aws_sns_topic.news.arn
      Condition = { ArnLike = { "aws:SourceArn" = aws_s3_bucket.store.arn } }
    }]
  })
}
resource "aws_s3_bucket_notification" "store" {
  depends_on = [aws_sns_topic_policy.news]
  bucket     = aws_s3_bucket.store.id
  topic {
    topic_arn     = aws_sns_topic.news.arn
    events        = ["s3:ObjectCreated:*", "s3:ObjectRestore:Completed"]
    filter_prefix = "docs/"
    filter_suffix = ".txt"
  }
}

# A public site.
resource "aws_s3_bucket" "site" {
  bucket        = "${aws_s3_bucket.store.id}-site"
  force_destroy = true
}
resource "aws_s3_bucket_website_configuration" "site" {
  bucket = aws_s3_bucket.site.id
  index_document { suffix = "index.html" }
  error_document { key = "error.html" }
  routing_rule {
    condition { key_prefix_equals = "old/" }
    redirect { replace_key_prefix_with = "new/" }
  }
}
resource "aws_s3_bucket_public_access_block" "site" {
  bucket                  = aws_s3_bucket.site.id
  block_public_policy     = false
  restrict_public_buckets = false
}
resource "aws_s3_bucket_policy" "site" {
  depends_on = [aws_s3_bucket_public_access_block.site]
  bucket     = aws_s3_bucket.site.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "${aws_s3_bucket.site.arn}/*" }]
  })
}
data "aws_s3_object" "readme" {
  bucket = aws_s3_object.readme.bucket
  key    = aws_s3_object.readme.key
}
data "aws_s3_objects" "docs" {
  bucket     = aws_s3_bucket.store.id
  prefix     = "docs/"
  depends_on = [aws_s3_object_copy.copy]
}
output "bucket" { value = aws_s3_bucket.store.id }
output "text" { value = data.aws_s3_object.readme.body }
output "keys" { value = data.aws_s3_objects.docs.keys }
output "site" { value = aws_s3_bucket_website_configuration.site.website_endpoint }
