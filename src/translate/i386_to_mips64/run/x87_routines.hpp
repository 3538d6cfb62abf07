// Routines that sequences of x87 instructions (lower/x87_sequence.hpp) call: what takes too many
// words for each place that needs it.
#pragma once

#include "host/mips64/assembler.hpp"
#include "translate/i386_to_mips64/emit/ways_out.hpp"

namespace ferry::translate::run {

/// Emits the routines and enters them into `out`. They change no memory, call nothing, and keep
/// every register but kTemp, kRoundedUp, kInexact and the pair with the result
/// (lower/x87_values.hpp). ra is, all the time, where they return or eight bytes before that.
void emit_x87_routines(mips64::Assembler& as, emit::WaysOut& out);

}  // namespace ferry::translate::run
