// How strace shows signals, their sets, actions and infos.
#pragma once

#include <cstdint>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/strace/printer.hpp"

namespace ferry::linux::strace {

/// A set of 64 bits, or the old one of 32.
void show_signal_set(Printer& p, uint32_t guest);
void show_old_signal_set(Printer& p, uint32_t guest);
void show_sigaction(Printer& p, uint32_t guest);
void show_old_sigaction(Printer& p, uint32_t guest);
/// SIG_DFL, SIG_IGN, or an address.
void show_handler(Printer& p, uint32_t handler);
void note_handler(Printer& p);
void note_signal(Printer& p);
/// sgetmask's result, and ssetmask's argument and result: sets in a register.
void show_mask_word(Printer& p, uint32_t mask);
void note_mask(Printer& p);
void note_old_mask(Printer& p);
void show_siginfo(Printer& p, uint32_t guest);
void add_siginfo(Printer& p, const abi::SigInfo& info);
void show_altstack(Printer& p, uint32_t guest);
/// The mask in the frame to which the call returns.
void show_sigreturn(Printer& p, const uint32_t* words);
void show_rt_sigreturn(Printer& p, const uint32_t* words);

}  // namespace ferry::linux::strace
