// What the kernels of the hosts do differently: a header of the same contents for each, of which
// the build chooses one.
#pragma once

#if defined(FERRY_HOST_MIPS64)
#include "linux/host/mips64/abi.hpp"
#else
#include "linux/host/x86_64/abi.hpp"
#endif
