// Shows this process to other ferry processes, and to the host.
#pragma once

namespace ferry::linux {

class GuestProcess;

/// Makes the record of published.hpp, and tells the host's kernel where the guest's arguments are,
/// before the guest runs. Without room for a record, others see in /proc/PID what the host shows.
void publish(GuestProcess& process);

}  // namespace ferry::linux
