#include "guest/i386/cpu_model.hpp"

#include <array>

#include "guest/i386/cpu_state.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "guest/i386/decode/row_table.hpp"

namespace ferry::i386 {

namespace {

/// Where CPUID shows a feature.
struct FeatureRow {
  Feature feature;
  uint32_t leaf;
  Gpr reg;
  uint8_t bit;
  std::string_view text;
};
constexpr auto kFeatureRows = std::to_array<FeatureRow>({
#define FEATURE(name, leaf, register, bit, text) {Feature::name, leaf, register, bit, text},
#define FEATURE_WITHOUT_BIT(name)
#include "guest/i386/features.inc"
#undef FEATURE
#undef FEATURE_WITHOUT_BIT
});

namespace model_names {
using enum Feature;
constexpr CpuModel kModels[] = {
#define CPU_MODEL(name, signature, features, text) {name, signature, feature_set features, text},
#include "guest/i386/cpu_models.inc"
#undef CPU_MODEL
};
}  // namespace model_names
using model_names::kModels;

/// A feature may be offered only if every row that needs it has a handler: those of the family simd
/// have none yet.
consteval bool models_have_handlers() {
  for (const Row& row : kRows) {
    if (row.family != Family::simd) continue;
    for (const CpuModel& model : kModels) {
      if (row.feature == Feature::base || contains(model.features, row.feature)) return false;
    }
  }
  return true;
}
static_assert(models_have_handlers(), "a model offers a feature whose rows have no handlers");

const CpuModel* shown = &kModels[0];

/// The feature bits of `leaf` in `reg`.
uint32_t feature_bits(uint32_t leaf, Gpr reg) {
  uint32_t bits = 0;
  for (const FeatureRow& row : kFeatureRows) {
    if (row.leaf == leaf && row.reg == reg && contains(shown->features, row.feature))
      bits |= 1u << row.bit;
  }
  return bits;
}

/// Four characters of a CPUID string.
constexpr uint32_t text(const char (&characters)[5]) {
  uint32_t word = 0;
  for (unsigned i = 0; i < 4; ++i) {
    word |= uint32_t{static_cast<uint8_t>(characters[i])} << 8 * i;
  }
  return word;
}

constexpr uint32_t kMaxBasicLeaf = 1;
constexpr uint32_t kMaxExtendedLeaf = 0x80000004;

}  // namespace

std::span<const CpuModel> cpu_models() {
  return kModels;
}

const CpuModel& cpu_model() {
  return *shown;
}

void choose_cpu_model(const CpuModel& model) {
  shown = &model;
  refuse_features(~(model.features | feature_set(Feature::base)));
}

/// The vendor is Intel's because C libraries and run-time dispatchers read their tables only for
/// vendors they know; the brand string says what it is.
CpuidLeaf cpuid(uint32_t leaf) {
  switch (leaf) {
    case 0:
      return {kMaxBasicLeaf, text("Genu"), text("ntel"), text("ineI")};
    case 0x80000000:
      return {kMaxExtendedLeaf, 0, 0, 0};
    case 0x80000001:
      return {0, 0, feature_bits(leaf, ECX), feature_bits(leaf, EDX)};
    case 0x80000002:
      return {text("Ferr"), text("y us"), text("er-m"), text("ode ")};
    case 0x80000003:
      return {text("i686"), text(" pro"), text("cess"), text("or\0\0")};
    case 0x80000004:
      return {};
    // Above the highest leaf Intel processors give the data of the highest basic one.
    default:
      return {shown->signature, 0, feature_bits(1, ECX), feature_bits(1, EDX)};
  }
}

std::string cpuinfo_flags() {
  std::string flags;
  for (const FeatureRow& row : kFeatureRows) {
    if (contains(shown->features, row.feature)) (flags += ' ') += row.text;
  }
  return flags;
}

}  // namespace ferry::i386
