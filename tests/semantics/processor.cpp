#include "processor.hpp"

#include "flag_survey.hpp"
#include "probes.hpp"
#include "text.hpp"

#ifdef __x86_64__
#include <cpuid.h>

#include <cstring>
#endif

namespace ferry::semantics {

namespace {

constexpr std::string_view kNameKey = "processor";
constexpr std::string_view kSeparator = ": ";

}  // namespace

std::string_view Processor::answer(std::string_view probe) const {
  for (const Trait& trait : traits) {
    if (trait.probe == probe) return trait.answer;
  }
  return {};
}

std::string Processor::text() const {
  std::string lines = std::string(kNameKey) + std::string(kSeparator) + name + "\n";
  for (const Trait& trait : traits) {
    lines += trait.probe + std::string(kSeparator) + trait.answer + "\n";
  }
  return lines;
}

Processor Processor::parse(std::string_view text) {
  Processor processor;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t separator = line.find(kSeparator);
    if (separator == std::string_view::npos) continue;
    const std::string key(line.substr(0, separator));
    const std::string value(line.substr(separator + kSeparator.size()));
    if (key == kNameKey) {
      processor.name = value;
    } else {
      processor.traits.push_back({key, value});
    }
  }
  return processor;
}

std::string processor_name() {
#ifdef __x86_64__
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid(0, &eax, &ebx, &ecx, &edx) == 0) return "without CPUID";
  char vendor[13]{};
  std::memcpy(vendor, &ebx, 4);
  std::memcpy(vendor + 4, &edx, 4);
  std::memcpy(vendor + 8, &ecx, 4);
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return vendor;
  // SDM vol. 2, CPUID, leaf 1: extended family and model.
  const unsigned base_family = eax >> 8 & 0xf;
  const unsigned family = base_family == 0xf ? base_family + (eax >> 20 & 0xff) : base_family;
  const unsigned model = (eax >> 4 & 0xf) | (eax >> 12 & 0xf0);
  const bool hypervisor = (ecx >> 31 & 1) != 0;
  std::string text;
  append(text, "%s family %u model %u stepping %u%s", vendor, family, model, eax & 0xf,
         hypervisor ? ", below a hypervisor" : "");
  return text;
#else
  return "not an x86-64 processor";
#endif
}

std::vector<Trait> probe_answers(Executor& executor) {
  std::vector<Trait> answers;
  for (const Probe& probe : probes()) answers.push_back({probe.name, ask(probe, executor)});
  return answers;
}

Processor ask_processor(Executor& processor, Executor& ferry) {
  Processor asked{processor_name(), probe_answers(processor)};
  for (Trait& trait : survey_undefined_flags(processor, ferry)) {
    asked.traits.push_back(std::move(trait));
  }
  return asked;
}

}  // namespace ferry::semantics
