// The filters that seccomp(2) puts before a thread's system calls: programs of classic BPF.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::linux {

struct FilterInstruction {  // struct sock_filter, the same everywhere
  uint16_t code;
  uint8_t if_true, if_false;  ///< instructions to skip
  uint32_t value;
};
static_assert(sizeof(FilterInstruction) == 8);

/// What a filter looks at (include/uapi/linux/seccomp.h).
struct SeccompData {
  int32_t number;
  uint32_t architecture;
  uint64_t instruction_pointer;
  uint64_t arguments[6];
};
static_assert(sizeof(SeccompData) == 64);

/// Never changed, and never freed: threads that end leave their filters to others.
struct SeccompFilter {
  std::vector<FilterInstruction> program;
  const SeccompFilter* previous = nullptr;  ///< the one before, which runs too
};

/// Whether the kernel would take the program (net/core/filter.c, bpf_check_classic;
/// kernel/seccomp.c, seccomp_check_filter).
[[nodiscard]] bool filter_valid(std::span<const FilterInstruction> program);

/// What the filters, the newest of which is `filter`, decide: the SECCOMP_RET_* value of the
/// strictest (kernel/seccomp.c, seccomp_run_filters). Signal-safe.
[[nodiscard]] uint32_t run_filters(const SeccompFilter* filter, const SeccompData& data);

/// A filter that lives as long as the process.
[[nodiscard]] const SeccompFilter* keep_filter(std::vector<FilterInstruction> program,
                                               const SeccompFilter* previous);

/// Whether `filter` is `later`, or one of those before it. Null is before all.
[[nodiscard]] bool is_before(const SeccompFilter* filter, const SeccompFilter* later);
[[nodiscard]] uint32_t filter_count(const SeccompFilter* filter);

/// A program as text for an exec, and back; empty if the text is damaged.
[[nodiscard]] std::string filter_text(const SeccompFilter& filter);
[[nodiscard]] std::vector<FilterInstruction> filter_from_text(std::string_view text);

}  // namespace ferry::linux
