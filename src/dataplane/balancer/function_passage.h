// FunctionPassage: one request on its way to a function, and what it answers on its way back.
#pragma once

#include "async/task.h"
#include "dataplane/balancer/functions.h"
#include "dataplane/balancer/passage.h"

namespace holm::balancer {

// Lives in the coroutine that serves the exchange.
class FunctionPassage final {
 public:
  // `call` outlives it.
  FunctionPassage(Passage::Context context, const FunctionCaller& call)
      : context_(std::move(context)), call_(call) {}
  FunctionPassage(const FunctionPassage&) = delete;
  FunctionPassage& operator=(const FunctionPassage&) = delete;

  // Responds, whatever becomes of the function.
  async::Task<void> run();

 private:
  async::Task<FunctionAnswer> ask(const RoutedTarget& target, std::string body);
  async::Task<void> answer(FunctionAnswer answer);
  async::Task<void> fail(FunctionFailure failure);

  Passage::Context context_;
  const FunctionCaller& call_;
};

}  // namespace holm::balancer
