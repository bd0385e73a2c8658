// The python3.11 runtime's program. Errors look as those of AWS's runtime.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

#include "services/lambda/python_bootstrap.h"

namespace holm::lambda {

namespace {

constexpr std::string_view kProgram = R"py(
import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
PREFIX = "/2018-06-01/runtime/"


class CognitoIdentity:
    cognito_identity_id = None
    cognito_identity_pool_id = None


class LambdaContext:
    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.deadline = int(headers["Lambda-Runtime-Deadline-Ms"])
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = CognitoIdentity()
        custom = headers.get("Lambda-Runtime-Client-Context")
        self.client_context = json.loads(custom) if custom else None

    def get_remaining_time_in_millis(self):
        return max(0, self.deadline - int(time.time() * 1000))


class LogHandler(logging.Handler):
    request_id = ""

    def emit(self, record):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        print(f"[{record.levelname}]\t{stamp}.{int(record.msecs):03}Z\t{LogHandler.request_id}"
              f"\t{self.format(record)}", flush=True)


class Api:
    def __init__(self):
        self.connection = http.client.HTTPConnection(API)

    def call(self, method, path, body=None, headers={}):
        self.connection.request(method, PREFIX + path, body, headers)
        response = self.connection.getresponse()
        return response, response.read()

    def report(self, path, error):
        self.call("POST", path, json.dumps(error).encode(),
                  {"Content-Type": "application/json",
                   "Lambda-Runtime-Function-Error-Type": error["errorType"]})


def describe(error, skipped):
    trace = traceback.extract_tb(error.__traceback__)[skipped:]
    lines = traceback.format_list(trace)
    print(f"[ERROR] {type(error).__name__}: {error}\nTraceback (most recent call last):\n"
          + "".join(lines), end="", flush=True)
    return {"errorMessage": str(error), "errorType": type(error).__name__,
            "stackTrace": lines}


def find_handler():
    name = os.environ["_HANDLER"]
    module, dot, function = name.rpartition(".")
    if not dot:
        raise ValueError(f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)")
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        failure = type("Runtime.ImportModuleError", (Exception,), {})
        raise failure(f"Unable to import module '{module}': {error}") from error
    if not hasattr(loaded, function):
        failure = type("Runtime.HandlerNotFound", (Exception,), {})
        raise failure(f"Handler '{function}' missing on module '{module}'")
    return getattr(loaded, function)


def main():
    root = os.environ["LAMBDA_TASK_ROOT"]
    sys.path.insert(0, root)
    sys.stdout.reconfigure(line_buffering=True)
    logging.getLogger().addHandler(LogHandler())
    api = Api()
    try:
        handler = find_handler()
    except BaseException as error:
        api.report("init/error", describe(error, 2))
        sys.exit(1)
    while True:
        response, body = api.call("GET", "invocation/next")
        request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
        LogHandler.request_id = request_id
        os.environ["_X_AMZN_TRACE_ID"] = response.headers.get("Lambda-Runtime-Trace-Id", "")
        try:
            result = handler(json.loads(body), LambdaContext(response.headers))
            answer = json.dumps(result).encode()
        except Exception as error:
            failure = describe(error, 1)
            failure["requestId"] = request_id
            sys.stdout.flush()
            api.report(f"invocation/{request_id}/error", failure)
            continue
        sys.stdout.flush()
        sys.stderr.flush()
        api.call("POST", f"invocation/{request_id}/response", answer,
                 {"Content-Type": "application/json"})


main()
)py";

}  // namespace

std::string_view python_bootstrap() { return kProgram; }

}  // namespace holm::lambda
