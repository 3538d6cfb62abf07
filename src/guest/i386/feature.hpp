// The features of processors: what CPUID offers bit by bit. One list, features.inc, for the rows of
// instructions, the models, CPUID and /proc/cpuinfo.
#pragma once

#include <cstdint>

namespace ferry::i386 {

enum class Feature : uint8_t {
  base,  ///< what every processor has
#define FEATURE(name, leaf, register, bit, text) name,
#define FEATURE_WITHOUT_BIT(name) name,
#include "guest/i386/features.inc"
#undef FEATURE
#undef FEATURE_WITHOUT_BIT
};

/// Bit (1 << Feature).
using FeatureSet = uint64_t;

template <typename... Features>
[[nodiscard]] constexpr FeatureSet feature_set(Features... features) {
  return (FeatureSet{0} | ... | (FeatureSet{1} << static_cast<unsigned>(features)));
}
[[nodiscard]] constexpr bool contains(FeatureSet set, Feature feature) {
  return (set & feature_set(feature)) != 0;
}

}  // namespace ferry::i386
