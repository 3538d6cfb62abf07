#include "linux/kernel/i386/exceptions.hpp"

#include "common/diagnostics.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::linux {

namespace {

using i386::Vector;

constexpr int32_t kKernelCode = 0x80;  // SI_KERNEL

struct TrapRow {
  Vector vector;
  int signal;
  int32_t code;
  bool address_is_eip;
};

constexpr TrapRow kTraps[] = {
    {Vector::DE, abi::kSIGFPE, 1 /* FPE_INTDIV */, true},
    {Vector::DB, abi::kSIGTRAP, 1 /* TRAP_BRKPT: INT1 */, true},
    {Vector::BP, abi::kSIGTRAP, kKernelCode, false},
    {Vector::OF, abi::kSIGSEGV, kKernelCode, false},
    {Vector::BR, abi::kSIGSEGV, kKernelCode, false},
    {Vector::UD, abi::kSIGILL, 2 /* ILL_ILLOPN */, true},
    {Vector::NM, abi::kSIGSEGV, kKernelCode, false},
    {Vector::TS, abi::kSIGSEGV, kKernelCode, false},
    {Vector::NP, abi::kSIGBUS, kKernelCode, false},
    {Vector::SS, abi::kSIGBUS, kKernelCode, false},
    {Vector::GP, abi::kSIGSEGV, kKernelCode, false},
    {Vector::AC, abi::kSIGBUS, 1 /* BUS_ADRALN */, false},
};

/// fpu__exception_code: the unmasked exception of highest rank.
int32_t fp_code(uint32_t exceptions) {
  if ((exceptions & 0x01) != 0) return 7;  // FPE_FLTINV
  if ((exceptions & 0x04) != 0) return 3;  // FPE_FLTDIV
  if ((exceptions & 0x08) != 0) return 4;  // FPE_FLTOVF
  if ((exceptions & 0x12) != 0) return 5;  // FPE_FLTUND
  if ((exceptions & 0x20) != 0) return 6;  // FPE_FLTRES
  return 0;
}

/// For a page fault: the protections of which any one allows the access.
uint8_t allowing_protection(const i386::Exception& exception) {
  if ((exception.error_code & i386::kPageFaultFetch) != 0) return kProtExec;
  if ((exception.error_code & i386::kPageFaultWrite) != 0) return kProtWrite;
  return kProtRead | kProtWrite | kProtExec;
}

/// The signal of a page fault; its number is 0 if the access is to be repeated.
abi::SigInfo page_fault(Thread& thread, const i386::Exception& exception) {
  const uint8_t needed = allowing_protection(exception);
  // One look for both questions: other threads change protections.
  const auto [protection, again] =
      thread.process->space->judge(exception.address, needed, thread.changes_known);
  abi::SigInfo info{};
  if (again) return info;
  bool present = protection > 0;
  info.fault.address = exception.address;
  if (protection >= 0 && (protection & needed) != 0) {
    // The guest may do this: the host's fault was a SIGBUS, past the end of a mapped file.
    info.signo = abi::kSIGBUS;
    info.code = 2;  // BUS_ADRERR
    present = false;
  } else {
    info.signo = abi::kSIGSEGV;
    info.code = protection < 0 ? 1 /* SEGV_MAPERR */ : 2 /* SEGV_ACCERR */;
  }
  const uint32_t access = exception.error_code & (i386::kPageFaultWrite | i386::kPageFaultFetch);
  thread.signals.error_code =
      access | i386::kPageFaultUser | (present ? i386::kPageFaultPresent : 0);
  thread.signals.fault_address = exception.address;
  return info;
}

}  // namespace

bool handle_exception(Thread& thread, const i386::Exception& exception) {
  const i386::CpuState& cpu = thread.cpu;
  log_printf(LogChannel::int_, "exception %d error %x address %08x at %08x\n",
             static_cast<int>(exception.vector), exception.error_code, exception.address, cpu.eip);
  thread.signals.trap_number = static_cast<uint32_t>(exception.vector);
  thread.signals.error_code = exception.error_code;
  abi::SigInfo info{};
  switch (exception.vector) {
    case Vector::PF:
      info = page_fault(thread, exception);
      if (info.signo == 0) return false;
      break;
    case Vector::MF:
      info.signo = abi::kSIGFPE;
      info.code = fp_code(cpu.x87.status & ~static_cast<uint32_t>(cpu.x87.control));
      info.fault.address = cpu.eip;
      break;
    case Vector::XM:
      info.signo = abi::kSIGFPE;
      info.code = fp_code(cpu.mxcsr & ~(cpu.mxcsr >> 7));
      info.fault.address = cpu.eip;
      break;
    default:
      for (const TrapRow& row : kTraps) {
        if (row.vector != exception.vector) continue;
        info.signo = row.signal;
        info.code = row.code;
        if (row.address_is_eip) info.fault.address = cpu.eip;
        if (row.vector == Vector::DB && (exception.address & i386::kSingleStep) != 0)
          info.code = 2;  // TRAP_TRACE
      }
      break;
  }
  CHECK(info.signo != 0);
  force_signal(thread, info);
  return true;
}

}  // namespace ferry::linux
