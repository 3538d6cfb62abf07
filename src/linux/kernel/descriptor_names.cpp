#include "linux/kernel/descriptor_names.hpp"

#include <fcntl.h>

#include <cstdio>

#include "linux/host/host_syscall.hpp"

namespace ferry::linux {

std::string descriptor_link(int descriptor) {
  char buffer[4096];
  char link[40];
  std::snprintf(link, sizeof link, "/proc/thread-self/fd/%d", descriptor);
  const long length = host_call(SYS_readlinkat, AT_FDCWD, link, buffer, sizeof buffer);
  return length > 0 ? std::string(buffer, static_cast<size_t>(length)) : "";
}

std::string descriptor_path(int descriptor) {
  if (descriptor == AT_FDCWD) {
    char buffer[4096];
    const long length = host_call(SYS_getcwd, buffer, sizeof buffer);
    return length > 1 && buffer[0] == '/' ? std::string(buffer, static_cast<size_t>(length) - 1)
                                          : "";
  }
  std::string link = descriptor_link(descriptor);
  return link.starts_with('/') ? link : "";
}

}  // namespace ferry::linux
