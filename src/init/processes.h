// Who descends from whom, by /proc.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace holm::init {

// Every process below `ancestor`, children before grandchildren, without itself.
std::vector<pid_t> descendants_of(pid_t ancestor);
// Walks up from `process`.
bool descends_from(pid_t process, pid_t ancestor);
// 0 when there is no such process.
pid_t parent_of(pid_t process);
// The program's name as the kernel has it.
std::string process_name(pid_t process);

}  // namespace holm::init
