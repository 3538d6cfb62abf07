#include "guest/i386/cpu_model.hpp"

#include "guest/i386/decode/decoder.hpp"
#include "guest/i386/decode/rows.hpp"

namespace ferry::i386 {

namespace {

using namespace attribute;

constexpr CpuModel kModels[] = {
#define CPU_MODEL(name, signature, features, text) {name, signature, features, text},
#include "guest/i386/cpu_models.inc"
#undef CPU_MODEL
};

const CpuModel* shown = &kModels[0];

}  // namespace

uint32_t CpuModel::cpuid_features() const {
  constexpr uint32_t kFpu = 1u << 0, kTsc = 1u << 4, kCx8 = 1u << 8, kCmov = 1u << 15,
                     kFxsr = 1u << 24;
  const auto bit_if = [this](uint32_t feature, uint32_t bit) {
    return (features & feature) != 0 ? bit : 0;
  };
  return kFpu | bit_if(needs_tsc, kTsc) | bit_if(needs_cx8, kCx8) | bit_if(needs_cmov, kCmov) |
         bit_if(needs_fxsr, kFxsr);
}

std::span<const CpuModel> cpu_models() {
  return kModels;
}

const CpuModel& cpu_model() {
  return *shown;
}

void choose_cpu_model(const CpuModel& model) {
  shown = &model;
  refuse_features(kFeatures & ~model.features);
}

}  // namespace ferry::i386
