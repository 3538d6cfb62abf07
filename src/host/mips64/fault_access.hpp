// Host loads and stores that may fault, for a MIPS64 (R2 to R5, little-endian, n64) host. Included
// by guest/memory alone.
//
// Each access puts (first, past, landing) of its instructions into the section ferry_fixups; the
// fault handler resumes at `landing`. `volatile` because GCC 12 drops an asm goto whose output
// nobody wants, although it may jump: a probe would then always succeed. Unaligned accesses use the
// left/right pairs: a plain one raises SIGBUS on some CPUs and is emulated, slowly and silently, by
// some kernels.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferry::host_access {

template <typename T>
[[nodiscard]] inline bool is_aligned(const void* address) {
  return (reinterpret_cast<uintptr_t>(address) & (sizeof(T) - 1)) == 0;
}

template <typename T>
[[nodiscard]] inline bool load_aligned(const void* source, uint64_t& value) {
  uint64_t loaded = 0;
  asm volatile goto(
      ".if %[size] == 1\n"
      "1: lbu %[loaded], 0(%[source])\n"
      ".elseif %[size] == 2\n"
      "1: lhu %[loaded], 0(%[source])\n"
      ".elseif %[size] == 4\n"
      "1: lwu %[loaded], 0(%[source])\n"
      ".else\n"
      "1: ld %[loaded], 0(%[source])\n"
      ".endif\n"
      "2:\n"
      ".pushsection ferry_fixups, \"aw\"\n"
      ".dword 1b, 2b, %l[fault]\n"
      ".popsection"
      : [loaded] "=&r"(loaded)
      : [source] "r"(source), [size] "i"(sizeof(T))
      : "memory"
      : fault);
  value = loaded;
  return true;
fault:
  return false;
}

/// The pair works at any alignment, and when aligned each of its halves is the whole access: 4 and
/// 8 bytes in the fewest instructions, for operations in which every instruction counts.
template <typename T>
[[nodiscard]] inline bool load_fast(const void* source, uint64_t& value) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  uint64_t loaded = 0;
  asm volatile goto(
      ".if %[size] == 4\n"
      "1: lwl %[loaded], 3(%[source])\n"
      "   lwr %[loaded], 0(%[source])\n"
      ".else\n"
      "1: ldl %[loaded], 7(%[source])\n"
      "   ldr %[loaded], 0(%[source])\n"
      ".endif\n"
      "2:\n"
      ".pushsection ferry_fixups, \"aw\"\n"
      ".dword 1b, 2b, %l[fault]\n"
      ".popsection"
      : [loaded] "=&r"(loaded)
      : [source] "r"(source), [size] "i"(sizeof(T))
      : "memory"
      : fault);
  value = loaded;
  return true;
fault:
  return false;
}

template <typename T>
[[nodiscard]] inline bool load_unaligned(const void* source, uint64_t& value) {
  if constexpr (sizeof(T) == 2) {
    uint64_t high = 0;
    const auto* bytes = static_cast<const uint8_t*>(source);
    if (!load_aligned<uint8_t>(bytes, value) || !load_aligned<uint8_t>(bytes + 1, high)) {
      return false;
    }
    value |= high << 8;
    return true;
  } else {
    return load_fast<T>(source, value);
  }
}

template <typename T>
[[nodiscard]] inline bool load(const void* source, T& value) {
  uint64_t loaded = 0;
  bool done = false;
  if constexpr (sizeof(T) == 1) {
    done = load_aligned<T>(source, loaded);
  } else {
    done =
        is_aligned<T>(source) ? load_aligned<T>(source, loaded) : load_unaligned<T>(source, loaded);
  }
  value = static_cast<T>(loaded);
  return done;
}

template <typename T>
[[nodiscard]] inline bool store_aligned(void* destination, T value) {
  asm volatile goto(
      ".if %[size] == 1\n"
      "1: sb %[value], 0(%[destination])\n"
      ".elseif %[size] == 2\n"
      "1: sh %[value], 0(%[destination])\n"
      ".elseif %[size] == 4\n"
      "1: sw %[value], 0(%[destination])\n"
      ".else\n"
      "1: sd %[value], 0(%[destination])\n"
      ".endif\n"
      "2:\n"
      ".pushsection ferry_fixups, \"aw\"\n"
      ".dword 1b, 2b, %l[fault]\n"
      ".popsection"
      :
      : [value] "r"(value), [destination] "r"(destination), [size] "i"(sizeof(T))
      : "memory"
      : fault);
  return true;
fault:
  return false;
}

template <typename T>
[[nodiscard]] inline bool store_unaligned(void* destination, T value) {
  asm volatile goto(
      ".if %[size] == 2\n"
      "1: sb %[value], 0(%[destination])\n"
      "   sb %[high], 1(%[destination])\n"
      ".elseif %[size] == 4\n"
      "1: swl %[value], 3(%[destination])\n"
      "   swr %[value], 0(%[destination])\n"
      ".else\n"
      "1: sdl %[value], 7(%[destination])\n"
      "   sdr %[value], 0(%[destination])\n"
      ".endif\n"
      "2:\n"
      ".pushsection ferry_fixups, \"aw\"\n"
      ".dword 1b, 2b, %l[fault]\n"
      ".popsection"
      :
      : [value] "r"(value), [high] "r"(static_cast<uint32_t>(value >> 8 % (sizeof(T) * 8))),
        [destination] "r"(destination), [size] "i"(sizeof(T))
      : "memory"
      : fault);
  return true;
fault:
  return false;
}

/// Exchanges a T for which is_atomic() holds, in an ll/sc loop with only ALU work
/// between. A failed compare stores the old value back, so that a read-only page faults as on x86.
/// There is a `sync` before the ll and after the sc: Loongson 3A1000 to 3A3000 need both.
template <typename T>
[[nodiscard]] inline bool compare_exchange(void* cell, T& expected, T desired, bool& exchanged) {
  const auto address = reinterpret_cast<uintptr_t>(cell);
  const unsigned shift = (address & 7) * 8;
  const uint64_t mask = static_cast<T>(~T{0});
  uint64_t word = 0;
  uint64_t old = 0;
  uint64_t differs = 0;
  uint64_t replacement = 0;
  uint32_t done = 0;
  asm volatile(
      ".set push\n"
      ".set noreorder\n"
      "   sync\n"
      "1: lld %[word], 0(%[doubleword])\n"
      "   dsrlv %[old], %[word], %[shift]\n"
      "   and %[old], %[old], %[mask]\n"
      "   xor %[differs], %[old], %[expected]\n"
      "   and %[replacement], %[word], %[keep]\n"
      "   or %[replacement], %[replacement], %[desired]\n"
      "   movn %[replacement], %[word], %[differs]\n"
      "   scd %[replacement], 0(%[doubleword])\n"
      "   beqz %[replacement], 1b\n"
      "   nop\n"
      "   sync\n"
      "2: li %[done], 1\n"
      "3:\n"
      ".set pop\n"
      ".pushsection ferry_fixups, \"aw\"\n"
      ".dword 1b, 2b, 3b\n"
      ".popsection"
      : [word] "+&r"(word), [old] "+&r"(old), [differs] "+&r"(differs),
        [replacement] "+&r"(replacement), [done] "+&r"(done)
      : [doubleword] "r"(address & ~uintptr_t{7}), [shift] "r"(shift), [mask] "r"(mask),
        [expected] "r"(uint64_t{expected}), [keep] "r"(~(mask << shift)),
        [desired] "r"(uint64_t{desired} << shift)
      : "memory");
  exchanged = differs == 0;
  expected = static_cast<T>(old);
  return done != 0;
}

/// Whether the byte's page can be written; changes nothing.
[[nodiscard]] inline bool probe_write(void* byte) {
  uint8_t expected = 0;
  bool exchanged = false;
  return compare_exchange<uint8_t>(byte, expected, 0, exchanged);
}

template <typename T>
[[nodiscard]] inline bool store(void* destination, T value) {
  if (sizeof(T) == 1 || is_aligned<T>(destination)) return store_aligned(destination, value);
  // A store of two halves that crosses into another page must not do one half and fault at the
  // other.
  constexpr uintptr_t kPage = 4096;
  auto* const bytes = static_cast<uint8_t*>(destination);
  const uintptr_t in_page = reinterpret_cast<uintptr_t>(destination) & (kPage - 1);
  if (in_page + sizeof(T) > kPage) {
    if (!probe_write(bytes) || !probe_write(bytes + sizeof(T) - 1)) return false;
  }
  return store_unaligned(destination, value);
}

/// A store inside one page, so that all of it is done or nothing; false if it crosses pages, or
/// faults. An aligned one is a single access, which the pair would not be.
template <typename T>
[[nodiscard]] inline bool store_fast(void* destination, T value) {
  if (is_aligned<T>(destination)) return store_aligned(destination, value);
  constexpr uintptr_t kPage = 4096;
  const uintptr_t in_page = reinterpret_cast<uintptr_t>(destination) & (kPage - 1);
  return in_page + sizeof(T) <= kPage && store_unaligned(destination, value);
}

/// Whether compare_exchange can reach a T at `cell`: ll/sc reaches one aligned doubleword.
template <typename T>
[[nodiscard]] inline bool is_atomic(const void* cell) {
  return (reinterpret_cast<uintptr_t>(cell) & 7) + sizeof(T) <= 8;
}
/// Whether both addresses of a copy are multiples of 8, or neither need be.
enum class Alignment : uint8_t { any, doubleword };

/// Copies `count` doublewords: aligned ones in one access each, others with the left/right pairs.
/// Eight at a time, as most that is copied is hundreds of bytes. `count` goes down after the stores
/// that it stands for, so that a fault leaves it above 0.
template <Alignment alignment>
[[nodiscard]] inline bool copy_doublewords(void* destination, const void* source, size_t count) {
  uint64_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
  asm volatile(
      ".set push\n"
      ".set noreorder\n"
      "1: sltiu %[a], %[count], 8\n"
      "   bnez %[a], 5f\n"
      "   nop\n"
      ".if %[aligned]\n"
      "4:\n"
      "   ld %[a], 0(%[source])\n"
      "   ld %[b], 8(%[source])\n"
      "   ld %[c], 16(%[source])\n"
      "   ld %[d], 24(%[source])\n"
      "   ld %[e], 32(%[source])\n"
      "   ld %[f], 40(%[source])\n"
      "   ld %[g], 48(%[source])\n"
      "   ld %[h], 56(%[source])\n"
      "   sd %[a], 0(%[destination])\n"
      "   sd %[b], 8(%[destination])\n"
      "   sd %[c], 16(%[destination])\n"
      "   sd %[d], 24(%[destination])\n"
      "   sd %[e], 32(%[destination])\n"
      "   sd %[f], 40(%[destination])\n"
      "   sd %[g], 48(%[destination])\n"
      "   sd %[h], 56(%[destination])\n"
      ".else\n"
      "4:\n"
      "   ldl %[a], 7(%[source])\n"
      "   ldr %[a], 0(%[source])\n"
      "   ldl %[b], 15(%[source])\n"
      "   ldr %[b], 8(%[source])\n"
      "   ldl %[c], 23(%[source])\n"
      "   ldr %[c], 16(%[source])\n"
      "   ldl %[d], 31(%[source])\n"
      "   ldr %[d], 24(%[source])\n"
      "   ldl %[e], 39(%[source])\n"
      "   ldr %[e], 32(%[source])\n"
      "   ldl %[f], 47(%[source])\n"
      "   ldr %[f], 40(%[source])\n"
      "   ldl %[g], 55(%[source])\n"
      "   ldr %[g], 48(%[source])\n"
      "   ldl %[h], 63(%[source])\n"
      "   ldr %[h], 56(%[source])\n"
      "   sdl %[a], 7(%[destination])\n"
      "   sdr %[a], 0(%[destination])\n"
      "   sdl %[b], 15(%[destination])\n"
      "   sdr %[b], 8(%[destination])\n"
      "   sdl %[c], 23(%[destination])\n"
      "   sdr %[c], 16(%[destination])\n"
      "   sdl %[d], 31(%[destination])\n"
      "   sdr %[d], 24(%[destination])\n"
      "   sdl %[e], 39(%[destination])\n"
      "   sdr %[e], 32(%[destination])\n"
      "   sdl %[f], 47(%[destination])\n"
      "   sdr %[f], 40(%[destination])\n"
      "   sdl %[g], 55(%[destination])\n"
      "   sdr %[g], 48(%[destination])\n"
      "   sdl %[h], 63(%[destination])\n"
      "   sdr %[h], 56(%[destination])\n"
      ".endif\n"
      "   daddiu %[count], %[count], -8\n"
      "   daddiu %[source], %[source], 64\n"
      "   sltiu %[a], %[count], 8\n"
      "   beqz %[a], 4b\n"
      "   daddiu %[destination], %[destination], 64\n"
      "5: beqz %[count], 3f\n"
      "   nop\n"
      ".if %[aligned]\n"
      "6: ld %[a], 0(%[source])\n"
      "   sd %[a], 0(%[destination])\n"
      ".else\n"
      "6: ldl %[a], 7(%[source])\n"
      "   ldr %[a], 0(%[source])\n"
      "   sdl %[a], 7(%[destination])\n"
      "   sdr %[a], 0(%[destination])\n"
      ".endif\n"
      "   daddiu %[count], %[count], -1\n"
      "   daddiu %[source], %[source], 8\n"
      "   bnez %[count], 6b\n"
      "   daddiu %[destination], %[destination], 8\n"
      "2:\n"
      "3:\n"
      ".set pop\n"
      ".pushsection ferry_fixups, \"aw\"\n"
      ".dword 1b, 2b, 3b\n"
      ".popsection"
      : [destination] "+&r"(destination), [source] "+&r"(source), [count] "+&r"(count),
        [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [e] "=&r"(e), [f] "=&r"(f),
        [g] "=&r"(g), [h] "=&r"(h)
      : [aligned] "i"(alignment == Alignment::doubleword)
      : "memory");
  return count == 0;
}

/// Copies less than a doubleword.
[[nodiscard]] inline bool copy_bytes(uint8_t* destination, const uint8_t* source, size_t count) {
  if ((count & 4) != 0) {
    uint32_t word = 0;
    if (!load(source, word) || !store(destination, word)) return false;
    source += 4;
    destination += 4;
    count -= 4;
  }
  for (size_t i = 0; i < count; ++i) {
    uint8_t byte = 0;
    if (!load(source + i, byte) || !store(destination + i, byte)) return false;
  }
  return true;
}

[[nodiscard]] inline bool copy(void* to, const void* from, size_t size) {
  auto* destination = static_cast<uint8_t*>(to);
  const auto* source = static_cast<const uint8_t*>(from);
  const auto distance = reinterpret_cast<uintptr_t>(to) ^ reinterpret_cast<uintptr_t>(from);
  const bool same_alignment = (distance & 7) == 0;
  if (same_alignment) {
    size_t head = -reinterpret_cast<uintptr_t>(source) & 7;
    if (head > size) head = size;
    if (!copy_bytes(destination, source, head)) return false;
    destination += head;
    source += head;
    size -= head;
  }
  const size_t doublewords = size / 8;
  const bool copied =
      same_alignment ? copy_doublewords<Alignment::doubleword>(destination, source, doublewords)
                     : copy_doublewords<Alignment::any>(destination, source, doublewords);
  const size_t done = doublewords * 8;
  return copied && copy_bytes(destination + done, source + done, size - done);
}

}  // namespace ferry::host_access
