// The folder that -L names, until the guest leaves it.
#pragma once

#include <string>
#include <utility>

#include "common/relaxed.hpp"

namespace ferry::linux {

/// Threads may read it while one of them leaves it.
class RootFolder {
 public:
  /// Absolute, without links and without a slash at its end; empty: the host's own root folder is
  /// the guest's.
  [[nodiscard]] const std::string& path() const { return left_ ? nowhere_ : path_; }
  [[nodiscard]] bool empty() const { return path().empty(); }
  /// Before there are threads.
  void set(std::string path) { path_ = std::move(path); }
  /// After a chroot: paths begin where the host's do now, and the host's files outside are gone.
  void leave() { left_ = true; }

 private:
  std::string path_, nowhere_;
  Relaxed<bool> left_ = false;
};

}  // namespace ferry::linux
