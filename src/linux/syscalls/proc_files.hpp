// Files in /proc that must tell of a guest what an i386 kernel would, of this process and of other
// ferry processes: proc_entry.hpp names them.
#pragma once

#include <cstdint>
#include <optional>

#include "linux/kernel/call_result.hpp"
#include "linux/kernel/proc_entry.hpp"

namespace ferry::linux {

struct Thread;

/// Opens `file` as a new descriptor. Nothing for files whose contents on the host are right, and
/// for those that the host does not let the caller read.
[[nodiscard]] std::optional<CallResult> open_proc_file(Thread& thread, const ProcFile& file,
                                                       uint32_t host_flags);

}  // namespace ferry::linux
