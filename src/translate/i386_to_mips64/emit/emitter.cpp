#include "translate/i386_to_mips64/emit/emitter.hpp"

#include <new>

namespace ferry::translate::emit {

Emitter::Emitter(const Options& options_in, const WaysOut& ways_out_in, uint32_t* code,
                 uint32_t capacity, engine::BlockDraft& out)
    : as(code, capacity),
      options(options_in),
      ways_out(ways_out_in),
      out_(out),
      notes_(out),
      mark_all_(options_in.check || log_enabled(LogChannel::in_asm) ||
                log_enabled(LogChannel::out_asm)),
      barrier_(code) {}

void Emitter::push_mark() {
  const uint32_t recipe = entry_->live_before == 0 ? recipe::kPacked : notes_.add(*flag_state_);
  out_.marks.push_back({as.position(), entry_->instruction.address, esp_bias_, recipe});
}

Emitter::ColdPath& Emitter::new_cold_path() {
  CHECK(cold_count_ < kMaxColdPaths);
  ColdPath& path = *new (&cold_path(cold_count_++)) ColdPath;
  path.flags = *flag_state_;
  path.esp_bias = esp_bias_;
  path.instruction = &entry_->instruction;
  return path;
}

Label& Emitter::branch_to_packed_condition(Gpr answer, unsigned cc) {
  ColdPath& path = new_cold_path();
  path.kind = ColdPath::Kind::packed_condition;
  path.answer = answer;
  path.condition = static_cast<uint8_t>(cc);
  branch_if_zero(answer, path.label);
  return path.resume;
}

void Emitter::bind_resume(Label& label) {
  bind(label);
  clobber_scratch();
}

void Emitter::forget_addresses() {
  for (CachedAddress& entry : cache_) entry.valid = false;
  cached_registers_ = 0;
}

void Emitter::clobber_scratch() {
  forget_addresses();
  set_barrier();
}

void Emitter::materialise_flags() {
  control(jump_to(mips64::opcode::JAL, ways_out.materialise));
  clobber_scratch();
}

}  // namespace ferry::translate::emit
