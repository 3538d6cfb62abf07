// What a MIPS64 processor may have beyond release 2.
#pragma once

namespace ferry::mips64 {

/// Whether this host has MSA, and with it LSA and DLSA. False on hosts of another architecture.
[[nodiscard]] bool has_msa();

}  // namespace ferry::mips64
