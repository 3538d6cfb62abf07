#include "linux/kernel/host_file.hpp"

#include <fcntl.h>

#include "linux/host/host_syscall.hpp"
#include "linux/kernel/hidden_descriptors.hpp"

namespace ferry::linux {

std::string read_host_file(const char* path) {
  std::string text;
  const long fd = make_own_descriptor(
      [path] { return host_call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC); });
  if (fd < 0) return text;
  char buffer[4096];
  long count;
  while ((count = host_call(SYS_read, fd, buffer, sizeof buffer)) > 0)
    text.append(buffer, static_cast<size_t>(count));
  host_call(SYS_close, fd);
  return text;
}

}  // namespace ferry::linux
