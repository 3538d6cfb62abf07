// Names of numbers that a program gives the kernel: what the tables of names are made of.
#pragma once

#include <cstdint>
#include <span>

namespace ferry::linux::abi {

struct NamedValue {
  uint32_t value;
  const char* name;
};

struct NameTable {
  /// In the order in which strace(1) names them; a value of several bits before its parts.
  std::span<const NamedValue> rows;
  /// Stands, as a comment, beside a number without a name.
  const char* unknown;
};

}  // namespace ferry::linux::abi
