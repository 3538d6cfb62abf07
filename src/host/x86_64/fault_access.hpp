// Host loads and stores that may fault, for an x86-64 host. Included by guest/memory alone.
//
// Each access puts (first, past, landing) of its instructions into the section ferry_fixups; the
// fault handler resumes at `landing`, which skips the line that says the access succeeded.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferry::host_access {

template <typename T>
[[nodiscard]] inline bool load(const void* source, T& value) {
  T loaded;
  uint32_t done = 0;
  asm volatile(
      "1: mov (%[source]), %[loaded]\n"
      "2: mov $1, %[done]\n"
      "3:\n"
      ".pushsection ferry_fixups, \"aw\"\n"
      ".quad 1b, 2b, 3b\n"
      ".popsection"
      : [loaded] "=&q"(loaded), [done] "+&r"(done)
      : [source] "r"(source)
      : "memory");
  value = loaded;
  return done != 0;
}

template <typename T>
[[nodiscard]] inline bool store(void* destination, T value) {
  uint32_t done = 0;
  asm volatile(
      "1: mov %[value], (%[destination])\n"
      "2: mov $1, %[done]\n"
      "3:\n"
      ".pushsection ferry_fixups, \"aw\"\n"
      ".quad 1b, 2b, 3b\n"
      ".popsection"
      : [done] "+&r"(done)
      : [value] "q"(value), [destination] "r"(destination)
      : "memory");
  return done != 0;
}

/// Whether compare_exchange can reach a T at `cell`: x86 locks unaligned operands too.
template <typename T>
[[nodiscard]] inline bool is_atomic(const void*) {
  return true;
}

/// Writes the cell even when the comparison fails.
template <typename T>
[[nodiscard]] inline bool compare_exchange(void* cell, T& expected, T desired, bool& exchanged) {
  T old = expected;
  uint32_t done = 0;
  asm volatile(
      "1: lock cmpxchg %[desired], (%[cell])\n"
      "2: mov $1, %[done]\n"
      "3:\n"
      ".pushsection ferry_fixups, \"aw\"\n"
      ".quad 1b, 2b, 3b\n"
      ".popsection"
      : [old] "+&a"(old), [done] "+&r"(done)
      : [desired] "q"(desired), [cell] "r"(cell)
      : "memory", "cc");
  exchanged = old == expected;
  expected = old;
  return done != 0;
}

/// The shorter forms of the MIPS64 host; here they are the plain ones.
template <typename T>
[[nodiscard]] inline bool load_fast(const void* source, uint64_t& value) {
  T loaded = 0;
  const bool done = load(source, loaded);
  value = loaded;
  return done;
}

template <typename T>
[[nodiscard]] inline bool store_fast(void* destination, T value) {
  return store(destination, value);
}

[[nodiscard]] inline bool copy(void* destination, const void* source, size_t size) {
  asm volatile(
      "1: rep movsb\n"
      "2:\n"
      ".pushsection ferry_fixups, \"aw\"\n"
      ".quad 1b, 2b, 2b\n"
      ".popsection"
      : "+D"(destination), "+S"(source), "+c"(size)
      :
      : "memory");
  return size == 0;
}

}  // namespace ferry::host_access
