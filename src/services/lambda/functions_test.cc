// Functions, versions, aliases, permissions and configuration: what is answered and refused.

#include "base/strings.h"
#include "services/lambda/permissions.h"
#include "services/lambda/test_place.h"

namespace holm::lambda {

namespace {

constexpr char kCode[] = "def handler(event, context):\n    return context.function_version\n";

TEST(Packages, NamesThatLeaveTheFolderAreRefused) {
  for (const char* name : {"../x", "/etc/passwd", "a/../b", "a//b", ".", ""}) {
    EXPECT_FALSE(is_safe_entry_name(name)) << name;
    EXPECT_FALSE(check_archive(make_archive(*name ? name : "..", "x"))) << name;
  }
  EXPECT_TRUE(is_safe_entry_name("package/module/__init__.py"));
  EXPECT_TRUE(is_safe_entry_name("folder/"));
  EXPECT_FALSE(check_archive("no archive at all"));
}

TEST(Packages, UnpackingStopsAtItsLimit) {
  char folder[] = "/tmp/holm-package-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::string zip = make_archive("big", std::string(1000, 'x'));
  auto refused = unpack_archive(zip, folder, 999);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "Unzipped size must be smaller than 262144000 bytes");
  std::filesystem::remove(std::string(folder) + "/big");
  EXPECT_TRUE(unpack_archive(zip, folder, 1000));
  EXPECT_EQ(std::filesystem::file_size(std::string(folder) + "/big"), 1000U);
  std::filesystem::remove_all(folder);
}

TEST_F(LambdaTest, AFunctionIsPendingThenActive) {
  CreateFunctionRequest request{
      .function_name = "f", .runtime = "python3.11", .role = kTestRole, .handler = "index.handler"};
  request.code.zip_file = make_archive("index.py", kCode);
  const FunctionConfiguration made = call<CreateFunction>(request);
  EXPECT_EQ(made.state, "Pending");
  EXPECT_EQ(made.function_arn, "arn:aws:lambda:eu-west-1:123456789012:function:f");
  EXPECT_EQ(made.timeout, 3);
  EXPECT_EQ(made.memory_size, 128);
  EXPECT_EQ(error_of<PublishVersion>({.function_name = "f"}).substr(0, 29), "409 ResourceConflictException");
  jobs->run_due();
  const FunctionConfiguration active = call<GetFunctionConfiguration>({.function_name = "f"});
  EXPECT_EQ(active.state, "Active");
  EXPECT_EQ(active.last_update_status, "Successful");
  EXPECT_EQ(active.code_sha256, made.code_sha256);
  EXPECT_EQ(error_of<CreateFunction>(request), "409 ResourceConflictException: Function already exist: f");
  call<DeleteFunction>({.function_name = "f"});
  EXPECT_EQ(error_of<GetFunction>({.function_name = "f"}),
            "404 ResourceNotFoundException: Function not found: "
            "arn:aws:lambda:eu-west-1:123456789012:function:f");
}

TEST_F(LambdaTest, WhatCannotBeMadeIsRefused) {
  struct Row {
    std::string what;
    std::function<void(CreateFunctionRequest&)> change;
    std::string error;
  };
  const Row rows[] = {
      {"an unknown runtime", [](auto& r) { r.runtime = "nodejs20.x"; },
       "400 InvalidParameterValueException: Value nodejs20.x at 'runtime' *"},
      {"a role that is not", [](auto& r) { r.role = "arn:aws:iam::1:role/none"; },
       "400 InvalidParameterValueException: The role defined for the function cannot be assumed*"},
      {"another architecture", [](auto& r) { r.architectures = {"arm64"}; }, "501 NotImplemented*"},
      {"no archive", [](auto& r) { r.code.zip_file = "x"; },
       "400 InvalidParameterValueException: Could not unzip uploaded file.*"},
      {"no code", [](auto& r) { r.code.zip_file.reset(); }, "400 InvalidParameterValueException:*"},
      {"a reserved variable", [](auto& r) { r.environment = Environment{{{"AWS_REGION", "x"}}}; },
       "400 InvalidParameterValueException: *Reserved keys used in this request: AWS_REGION"},
      {"too long", [](auto& r) { r.timeout = 901; }, "400 ValidationException:*900"},
  };
  for (const Row& row : rows) {
    CreateFunctionRequest request{
        .function_name = "f", .runtime = "python3.11", .role = kTestRole, .handler = "index.handler"};
    request.code.zip_file = make_archive("index.py", kCode);
    row.change(request);
    const std::string error = error_of<CreateFunction>(request);
    EXPECT_TRUE(matches_wildcard(row.error, error)) << row.what << ": " << error;
  }
}

TEST_F(LambdaTest, CodeComesFromAnObject) {
  CreateFunctionRequest request{
      .function_name = "f", .runtime = "python3.11", .role = kTestRole, .handler = "index.handler"};
  request.code = {.s3_bucket = "bundles", .s3_key = "f.zip"};
  EXPECT_EQ(error_of<CreateFunction>(request),
            "400 InvalidParameterValueException: Error occurred while GetObject. S3 Error Code: NoSuchKey."
            " S3 Error Message: The specified key does not exist.");
  region.objects["bundles/f.zip"] = make_archive("index.py", kCode);
  EXPECT_EQ(call<CreateFunction>(request).state, "Pending");
  jobs->run_due();
  const FunctionConfiguration made = call<GetFunctionConfiguration>({.function_name = "f"});
  EXPECT_EQ(made.code_size, static_cast<int64_t>(region.objects["bundles/f.zip"].size()));
  EXPECT_EQ(invoke_function("f", "{}").payload, "\"$LATEST\"");
  region.objects["bundles/f.zip"] = "no archive";
  call<UpdateFunctionCode>({.function_name = "f", .s3_bucket = "bundles", .s3_key = "f.zip"});
  jobs->run_due();
  EXPECT_EQ(call<GetFunctionConfiguration>({.function_name = "f"}).last_update_status, "Failed");
  EXPECT_EQ(invoke_function("f", "{}").payload, "\"$LATEST\"");
}

TEST_F(LambdaTest, APackageWithoutABootstrapIsTheFunctionsFault) {
  create("f", "nothing", {.runtime = "provided.al2023", .handler = "bootstrap"});
  const InvocationResponse response = invoke_function("f", "{}");
  EXPECT_EQ(response.function_error, "Unhandled");
  EXPECT_NE(response.payload->find("Runtime.InvalidEntrypoint"), std::string::npos);
}

TEST_F(LambdaTest, VersionsAndAliasesNameWhatRuns) {
  create("f", kCode);
  EXPECT_EQ(call<PublishVersion>({.function_name = "f"}).version, "1");
  EXPECT_EQ(call<PublishVersion>({.function_name = "f"}).version, "1");  // Nothing has changed.
  call<CreateAlias>({.function_name = "f", .name = "live", .function_version = "1"});
  call<UpdateFunctionCode>(
      {.function_name = "f", .zip_file = make_archive("index.py", "def handler(e, c):\n    return 'new'\n")});
  jobs->run_due();
  EXPECT_EQ(call<PublishVersion>({.function_name = "f"}).version, "2");
  EXPECT_EQ(invoke_function("f:live", "{}").payload, "\"1\"");
  EXPECT_EQ(invoke_function("f:live", "{}").executed_version, "1");
  EXPECT_EQ(invoke_function("f", "{}").payload, "\"new\"");
  EXPECT_EQ(call<ListVersionsByFunction>({.function_name = "f"}).versions.size(), 3U);
  EXPECT_EQ(error_of<DeleteFunction>({.function_name = "f", .qualifier = "1"}).substr(0, 3), "409");
  call<UpdateAlias>({.function_name = "f", .name = "live", .function_version = "2"});
  call<DeleteFunction>({.function_name = "f", .qualifier = "1"});
  EXPECT_EQ(call<GetAlias>({.function_name = "f", .name = "live"}).function_version, "2");
}

TEST_F(LambdaTest, ANewConfigurationIsUsedAtOnce) {
  create("f", "import os\ndef handler(event, context):\n    return os.environ['A']\n",
         {.environment = Environment{.variables = {{"A", "1"}}}});
  EXPECT_EQ(invoke_function("f", "{}").payload, "\"1\"");
  call<UpdateFunctionConfiguration>(
      {.function_name = "f", .environment = Environment{.variables = {{"A", "2"}}}});
  EXPECT_EQ(invoke_function("f", "{}").payload, "\"2\"");
}

TEST_F(LambdaTest, AServiceInvokesWhatItsPermissionSays) {
  create("f", kCode);
  call<AddPermission>({.function_name = "f",
                       .statement_id = "s3",
                       .action = "lambda:InvokeFunction",
                       .principal = "s3.amazonaws.com",
                       .source_arn = "arn:aws:s3:::photos",
                       .source_account = kTestAccount});
  struct Row {
    std::string what;
    std::string service, source, account;
    bool allowed;
  };
  const Row rows[] = {
      {"the bucket", "s3.amazonaws.com", "arn:aws:s3:::photos", kTestAccount, true},
      {"another bucket", "s3.amazonaws.com", "arn:aws:s3:::others", kTestAccount, false},
      {"another account", "s3.amazonaws.com", "arn:aws:s3:::photos", "999999999999", false},
      {"another service", "sns.amazonaws.com", "arn:aws:s3:::photos", kTestAccount, false},
      {"no source", "s3.amazonaws.com", "", kTestAccount, false},
  };
  for (const Row& row : rows) {
    aws::Caller as = caller();
    as.principal = aws::service_principal(row.service, row.account);
    if (!row.source.empty()) as.principal.arn = row.source;
    bool allowed = true;
    try {
      region.transact(as, sql::Access::Read, [&](aws::Call& inner) {
        require_service_may_invoke(inner, {kTestAccount, "eu-west-1", "f", ""});
      });
    } catch (const aws::ServiceError& error) {
      EXPECT_EQ(error.code, "AccessDeniedException");
      allowed = false;
    }
    EXPECT_EQ(allowed, row.allowed) << row.what;
  }
  call<RemovePermission>({.function_name = "f", .statement_id = "s3"});
  EXPECT_EQ(error_of<GetPolicy>({.function_name = "f"}).substr(0, 3), "404");
}

TEST_F(LambdaTest, AFailedEventIsTriedAgainAndThenSentToItsDestination) {
  create("dest", "def handler(event, context):\n    print('got', event['requestContext']['condition'])\n");
  create("f", "def handler(event, context):\n    print('try')\n    raise ValueError('x')\n");
  call<PutFunctionEventInvokeConfig>(
      {.function_name = "f",
       .maximum_retry_attempts = 1,
       .destination_config = DestinationConfig{
           .on_failure = OnFailure{.destination = "arn:aws:lambda:eu-west-1:123456789012:function:dest"}}});
  EXPECT_EQ(invoke_function({.function_name = "f", .invocation_type = "Event", .payload = "{}"}).status_code,
            202);
  auto events = [&] {
    return database->begin(sql::Access::Read)
        ->find("SELECT count(*), coalesce(max(attempt), 0) FROM lambda_event");
  };
  auto wait_until = [&](const std::function<bool()>& done) {
    for (int i = 0; i < 500 && !done(); ++i) {
      jobs->run_due();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return done();
  };
  EXPECT_TRUE(wait_until([&] { return events()->integer(1) == 1; }));
  clock.advance(std::chrono::minutes(2));
  EXPECT_TRUE(wait_until([&] { return events()->integer(0) == 0; }));
  EXPECT_NE(log_with("dest", "got RetriesExhausted").find("got RetriesExhausted"), std::string::npos);
}

TEST_F(LambdaTest, AnAcknowledgedEventSurvivesTheDaemon) {
  create("f", "def handler(event, context):\n    print('ran', event)\n");
  invoke_function({.function_name = "f", .invocation_type = "Event", .payload = "[42]"});
  service.reset();
  begin();
  for (int i = 0; i < 3; ++i) jobs->run_due();
  EXPECT_NE(log_with("f", "ran [42]").find("ran [42]"), std::string::npos);
}

TEST_F(LambdaTest, ConcurrencyIsReservedFromTheAccounts) {
  create("f", kCode);
  call<PutFunctionConcurrency>({.function_name = "f", .reserved_concurrent_executions = 40});
  const auto settings = call<GetAccountSettings>({});
  EXPECT_EQ(settings.account_limit->unreserved_concurrent_executions, 60);
  EXPECT_EQ(settings.account_usage->function_count, 1);
  EXPECT_EQ(error_of<PutFunctionConcurrency>({.function_name = "f", .reserved_concurrent_executions = 95})
                .substr(0, 3),
            "400");
}

}  // namespace

}  // namespace holm::lambda
