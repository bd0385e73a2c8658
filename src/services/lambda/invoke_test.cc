// Functions that really run: answers, failures, limits and logs.

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "base/strings.h"
#include "services/lambda/test_place.h"

namespace holm::lambda {

namespace {

constexpr char kEcho[] = R"py(
import os
count = 0
def handler(event, context):
    global count
    count += 1
    print("seen", event)
    return {"event": event, "count": count, "name": context.function_name,
            "region": os.environ["AWS_REGION"], "own": os.environ.get("OWN")}
)py";

TEST_F(LambdaTest, APythonFunctionAnswersAndStaysWarm) {
  create("echo", kEcho, {.environment = Environment{.variables = {{"OWN", "mine"}}}});
  InvocationResponse first = invoke_function("echo", R"({"a":1})");
  EXPECT_EQ(first.status_code, 200);
  EXPECT_EQ(first.executed_version, "$LATEST");
  EXPECT_FALSE(first.function_error);
  EXPECT_EQ(first.payload, R"({"event": {"a": 1}, "count": 1, "name": "echo", "region": )"
                           R"("eu-west-1", "own": "mine"})");
  InvocationResponse second = invoke_function({.function_name = "echo", .log_type = "Tail", .payload = "[]"});
  EXPECT_NE(second.payload->find("\"count\": 2"), std::string::npos) << *second.payload;
  const std::string tail = base64_decode(*second.log_result).value();
  EXPECT_NE(tail.find("seen []"), std::string::npos) << tail;
  EXPECT_NE(tail.find("Billed Duration"), std::string::npos) << tail;
  const std::string log = log_with("echo", "seen []");
  EXPECT_NE(log.find("START RequestId"), std::string::npos) << log;
  EXPECT_NE(log.find("Init Duration"), std::string::npos) << log;
}

TEST_F(LambdaTest, BytesThatAreNoTextAreReplacedInLogs) {
  create("odd", "import sys\ndef handler(event, context):\n    sys.stdout.buffer.write(b'odd \\xff\\n')\n");
  invoke_function("odd", "{}");
  EXPECT_NE(log_with("odd", "odd ").find("odd \xEF\xBF\xBD\n"), std::string::npos);
}

TEST_F(LambdaTest, AnErrorOfTheHandlerIsTold) {
  create("bad", "def handler(event, context):\n    raise ValueError('no ' + event['x'])\n");
  InvocationResponse response = invoke_function("bad", R"({"x":"luck"})");
  EXPECT_EQ(response.status_code, 200);
  EXPECT_EQ(response.function_error, "Unhandled");
  EXPECT_NE(response.payload->find(R"("errorMessage": "no luck", "errorType": "ValueError")"),
            std::string::npos)
      << *response.payload;
}

TEST_F(LambdaTest, AFunctionWithoutItsHandlerFailsToBegin) {
  create("none", "x = 1\n");
  InvocationResponse response = invoke_function("none", "{}");
  EXPECT_EQ(response.function_error, "Unhandled");
  EXPECT_NE(response.payload->find("Runtime.HandlerNotFound"), std::string::npos) << *response.payload;
}

// https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
TEST_F(LambdaTest, OnlyTmpCanBeWrittenToAndHasItsSize) {
  constexpr char kSource[] = R"py(
import os
def handler(event, context):
    seen = os.statvfs("/tmp")
    with open("/tmp/kept", "a") as file:
        file.write("x")
    try:
        open("/var/tmp/x", "w")
    except OSError as error:
        return [seen.f_frsize * seen.f_blocks >> 20, os.path.getsize("/tmp/kept"), error.strerror]
)py";
  create("small", kSource);
  EXPECT_EQ(call<GetFunctionConfiguration>({.function_name = "small"}).ephemeral_storage->size, 512);
  create("large", kSource, {.ephemeral_storage = EphemeralStorage{.size = 1024}});
  auto mebibytes = [&](const std::string& name) {
    const std::string payload = invoke_function(name, "{}").payload.value_or("");
    EXPECT_TRUE(payload.ends_with(R"(, 1, "Read-only file system"])")) << payload;
    return std::stoi(payload.substr(1));
  };
  const int small = mebibytes("small"), large = mebibytes("large");
  EXPECT_TRUE(small >= 512 && small <= 512 * 33 / 32) << small;
  EXPECT_TRUE(large >= 1024 && large <= 1024 * 33 / 32) << large;
  call<UpdateFunctionConfiguration>(
      {.function_name = "small", .ephemeral_storage = EphemeralStorage{.size = 2048}});
  EXPECT_GE(mebibytes("small"), 2048);
  call<UpdateFunctionConfiguration>({.function_name = "small", .description = "another"});
  EXPECT_EQ(call<GetFunctionConfiguration>({.function_name = "small"}).ephemeral_storage->size, 2048);
}

TEST_F(LambdaTest, TimeIsUpAfterTheTimeout) {
  create("slow", "import time\ndef handler(event, context):\n    time.sleep(60)\n", {.timeout = 1});
  InvocationResponse response = invoke_function("slow", "{}");
  EXPECT_EQ(response.function_error, "Unhandled");
  EXPECT_NE(response.payload->find("Task timed out after 1.00 seconds"), std::string::npos);
  EXPECT_NE(log_with("slow", "Task timed out").find("Status: timeout"), std::string::npos);
}

TEST_F(LambdaTest, ADeathOfTheRuntimeIsToldAndTheNextInvocationRuns) {
  create("dead",
         "import os\ndef handler(event, context):\n"
         "    if event: os._exit(3)\n    return 'alive'\n");
  InvocationResponse died = invoke_function("dead", "[1]");
  EXPECT_EQ(died.function_error, "Unhandled");
  EXPECT_NE(died.payload->find("Runtime exited with error: exit status 3"), std::string::npos)
      << *died.payload;
  EXPECT_EQ(invoke_function("dead", "[]").payload, "\"alive\"");
}

TEST_F(LambdaTest, WhatIsMeasuredIsWhatHappened) {
  create("m", "import time\ndef handler(event, context):\n    time.sleep(0.05)\n    return 1 / event\n");
  EXPECT_FALSE(invoke_function("m", "1").function_error);
  EXPECT_FALSE(invoke_function({.function_name = "m:$LATEST", .payload = "2"}).function_error);
  EXPECT_TRUE(invoke_function("m", "0").function_error);
  for (const char* where : {"", " FunctionName=m"}) {
    SCOPED_TRACE(where);
    auto measured = [&](const std::string& name) { return metrics.of("AWS/Lambda " + name + where); };
    EXPECT_EQ(measured("Invocations").sum, 3);
    EXPECT_EQ(measured("Errors").sum, 1);
    EXPECT_EQ(measured("Errors").count, 3);
    EXPECT_EQ(measured("Throttles").sum, 0);
    EXPECT_EQ(measured("ConcurrentExecutions").max, 1);
    EXPECT_EQ(measured("Duration").count, 3);
    EXPECT_GE(measured("Duration").min, 50);
  }
  EXPECT_EQ(metrics.of("AWS/Lambda Invocations FunctionName=m Resource=m").sum, 2);
  EXPECT_EQ(metrics.of("AWS/Lambda Invocations FunctionName=m Resource=m:$LATEST").sum, 1);
  call<PutFunctionConcurrency>({.function_name = "m", .reserved_concurrent_executions = 0});
  EXPECT_THROW(invoke_function("m", "1"), aws::ServiceError);
  EXPECT_EQ(metrics.of("AWS/Lambda Throttles FunctionName=m").sum, 1);
  EXPECT_EQ(metrics.of("AWS/Lambda Invocations FunctionName=m").sum, 3);
}

TEST_F(LambdaTest, FunctionsReachTheApiAndNothingElse) {
  create("net", R"py(
import os, socket, urllib.request
def handler(event, context):
    said = urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/x").read().decode()
    name = socket.gethostbyname("site-1.eu-west-1.elb.localhost")
    try:
        socket.create_connection(("1.1.1.1", 80), 1)
        outside = "reached"
    except OSError:
        outside = "not reached"
    return [said, name, outside, os.getuid(), os.access("/var/task", os.W_OK)]
)py");
  EXPECT_EQ(invoke_function("net", "{}").payload, R"(["hello /x", "127.0.0.1", "not reached", 993, false])");
}

TEST_F(LambdaTest, InvocationsRunInParallelUpToTheLimit) {
  create("pair", "import time\ndef handler(event, context):\n    time.sleep(1)\n    return 1\n",
         {.timeout = 20});
  region.transact(caller(), sql::Access::Write, [&](aws::Call& inner) {
    inner.transaction.run("UPDATE lambda_function SET reserved = 2");
  });
  std::vector<std::string> answers(3);
  std::vector<std::thread> threads;
  for (std::string& answer : answers) {
    threads.emplace_back([&] {
      try {
        answer = *invoke_function("pair", "{}").payload;
      } catch (const aws::ServiceError& error) {
        answer = error.code;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::ranges::sort(answers);
  EXPECT_EQ(answers, (std::vector<std::string>{"1", "1", "TooManyRequestsException"}));
}

TEST_F(LambdaTest, WhatCannotBeInvokedIsRefused) {
  create("f", kEcho);
  struct Row {
    std::string what;
    InvocationRequest request;
    std::string code;
  };
  const Row rows[] = {
      {"no function", {.function_name = "none"}, "ResourceNotFoundException"},
      {"no version", {.function_name = "f", .qualifier = "7"}, "ResourceNotFoundException"},
      {"no JSON", {.function_name = "f", .payload = "{"}, "InvalidRequestContentException"},
      {"an event too large",
       {.function_name = "f", .invocation_type = "Event", .payload = "\"" + std::string(262'200, 'x') + "\""},
       "RequestTooLargeException"},
  };
  for (const Row& row : rows) {
    std::string code = "no error";
    try {
      (void)invoke_function(row.request);
    } catch (const aws::ServiceError& error) {
      code = error.code;
    }
    EXPECT_EQ(code, row.code) << row.what;
  }
  EXPECT_EQ(invoke_function({.function_name = "f", .invocation_type = "DryRun"}).status_code, 204);
}

// A custom runtime, compiled here: asks for invocations over one kept connection and echoes them.
constexpr char kBootstrap[] = R"c(
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
static int s;
static char in[65536];
static char *body;
static long take(void) {
  long have = 0, length = -1;
  for (;;) {
    long got = read(s, in + have, sizeof in - 1 - have);
    if (got <= 0) exit(1);
    in[have += got] = 0;
    char *end = strstr(in, "\r\n\r\n");
    if (!end) continue;
    body = end + 4;
    char *h = strcasestr(in, "content-length:");
    length = h ? atol(h + 15) : 0;
    if (have >= body - in + length) return length;
  }
}
int main(void) {
  s = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(9001)};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(s, (struct sockaddr *)&a, sizeof a)) return 2;
  static char out[66000];
  for (;;) {
    const char *next = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n";
    write(s, next, strlen(next));
    long length = take();
    char id[64] = "";
    char *h = strcasestr(in, "lambda-runtime-aws-request-id:");
    sscanf(h + 30, " %63[^\r]", id);
    int n = snprintf(out, sizeof out, "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\n"
                     "Host: x\r\nContent-Length: %ld\r\n\r\n%.*s", id, length, (int)length, body);
    write(s, out, n);
    take();
  }
}
)c";

// The archive of a program compiled from C; empty when there is no compiler.
std::string compile_bootstrap(const std::string& folder) {
  std::ofstream(folder + "/b.c") << kBootstrap;
  const std::string command = fmt::format("cc -D_GNU_SOURCE -static -O1 -w -o {0}/bootstrap {0}/b.c", folder);
  if (std::system(command.c_str()) != 0) return {};
  return read_file(folder + "/bootstrap").value();
}

TEST_F(LambdaTest, ACustomRuntimeAnswersQuickly) {
  const std::string program = compile_bootstrap(directory);
  if (program.empty()) GTEST_SKIP() << "no C compiler";
  CreateFunctionRequest request{.function_name = "native",
                                .runtime = "provided.al2023",
                                .role = kTestRole,
                                .handler = "bootstrap",
                                .memory_size = 1024};
  request.code.zip_file = make_archive("bootstrap", program, 0755);
  call<CreateFunction>(request);
  jobs->run_due();
  const auto begun = clock.steady();
  EXPECT_EQ(invoke_function("native", "{\"n\":1}").payload, "{\"n\":1}");
  const auto cold = clock.steady() - begun;
  std::vector<double> micros;
  for (int i = 0; i < 200; ++i) {
    const auto from = clock.steady();
    EXPECT_EQ(invoke_function("native", "7").payload, "7");
    micros.push_back(std::chrono::duration<double, std::micro>(clock.steady() - from).count());
  }
  std::ranges::sort(micros);
  fmt::print("cold {:.1f} ms, warm p50 {:.0f} us, p99 {:.0f} us\n",
             std::chrono::duration<double, std::milli>(cold).count(), micros[100], micros[198]);
}

}  // namespace

}  // namespace holm::lambda
