// What the gateway demands of every input before a handler sees it.
#pragma once

namespace holm::aws {

struct Operation;

// Throws the service's error for what breaks the model's constraints, in the words of its protocol, and
// NotImplemented
// ("RunInstances: HibernationOptions") for a member that is given and that no code reads. Any thread.
void require_valid(const Operation& operation, const void* input);

}  // namespace holm::aws
