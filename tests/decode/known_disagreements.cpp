#include "known_disagreements.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "guest/i386/decode/rows.hpp"

namespace ferry::i386::test {
namespace {

bool only_ferry(const Difference& d) {
  return d.capstone == nullptr;
}
bool only_capstone(const Difference& d) {
  return d.ferry == nullptr;
}

const Row& row_of(const Difference& d) {
  return row(d.ferry->row);
}

/// Which of F0, 66, F2 and F3 must be removed for ferry to know the instruction: a bit mask; 0 if
/// ferry knows it as it is, or no set of them suffices.
unsigned offending_prefixes(const Difference& d) {
  static constexpr uint8_t kPrefixes[] = {0xf0, 0x66, 0xf2, 0xf3};
  for (unsigned mask = 1; only_capstone(d) && mask < 16; ++mask) {
    ByteString shorter = d.bytes;
    for (unsigned i = 0; i < 4; ++i) {
      if ((mask >> i & 1) != 0) shorter = without_prefix(shorter, kPrefixes[i]);
    }
    Instruction instruction;
    if (decode(shorter.data(), kMaxInstructionLength, 0, instruction) == DecodeStatus::ok)
      return mask;
  }
  return 0;
}

bool forbidden_lock(const Difference& d) {
  return (offending_prefixes(d) & 1) != 0;
}

bool ignored_mandatory_prefix(const Difference& d) {
  const unsigned mask = offending_prefixes(d);
  return mask != 0 && (mask & 1) == 0;
}

bool vex_xop_or_evex(const Difference& d) {
  const uint8_t opcode = d.bytes[prefix_count(d.bytes)];
  return only_capstone(d) && (opcode == 0xc4 || opcode == 0xc5 || opcode == 0x62 || opcode == 0x8f);
}

bool compare_predicate(const Difference& d) {
  return d.ferry->immediate < 8;
}
bool string_form(const Difference& d) {
  return row_of(d).family == Family::string;
}
bool not_string(const Difference& d) {
  return !string_form(d);
}
bool by_f3(const Difference& d) {
  return d.ferry->rep == RepPrefix::repe;
}
bool repeated(const Difference& d) {
  return d.ferry->rep != RepPrefix::none;
}
bool operand_size_16(const Difference& d) {
  return d.ferry->operand_size == 2;
}
bool address_size_16(const Difference& d) {
  return d.ferry->address_size == 2;
}
bool small_source(const Difference& d) {
  return d.ours == 2 && d.theirs == 4;
}

bool only_address(const Difference& d) {
  return static_cast<Access>(d.ours) == Access::none;
}

template <Access kOurs, Access kTheirs>
bool access_is(const Difference& d) {
  return static_cast<Access>(d.ours) == kOurs && static_cast<Access>(d.theirs) == kTheirs;
}

bool by_cl(const Difference& d) {
  return row_of(d).operands[1].code == OperandCode::CL ||
         row_of(d).operands[2].code == OperandCode::CL;
}
bool count_is_1(const Difference& d) {
  return !by_cl(d) && (d.ferry->immediate & 31) == 1;
}
bool shift_count(const Difference& d) {
  return !count_is_1(d) || row_of(d).operands[2].code != OperandCode::none;
}

constexpr auto kTable = std::to_array<KnownDisagreement>({
    // Which byte strings are instructions.
    {Field::validity, "", forbidden_lock,
     "SDM vol. 2, LOCK: #UD unless the destination is memory and the instruction in the list; "
     "Capstone lets F0 pass when F2 or F3 follows"},
    {Field::validity, "", ignored_mandatory_prefix,
     "SDM vol. 2, opcode maps: with this prefix the encoding is reserved; Capstone drops the "
     "prefix; a processor (AMD EPYC, 568 k strings run) raises #UD"},
    {Field::validity, "", vex_xop_or_evex,
     "AVX, XOP, AVX-512: above SSE4.2, C4, C5, 62 and 8F are then LES, LDS, BOUND and POP and #UD "
     "in these forms"},
    {Field::validity,
     "invept invvpid vmcall vmclear vmfunc vmlaunch vmptrld vmptrst vmread vmresume vmwrite vmxoff "
     "vmxon clgi stgi invlpga skinit vmload vmmcall vmrun vmsave encls enclu getsec",
     only_capstone,
     "VMX, SVM and SGX: #UD outside virtual machine operation and enclaves, and not offered by "
     "CPUID"},
    {Field::validity, "xgetbv xsetbv xsave xsavec xsaveopt xsaves xrstor xrstors", only_capstone,
     "XSAVE family: not offered by CPUID (OSXSAVE is 0), #UD"},
    {Field::validity,
     "femms pavgusb pf2id pf2iw pfacc pfadd pfcmpeq pfcmpge pfcmpgt pfmax pfmin pfmul pfnacc "
     "pfpnacc pfrcp pfrcpit1 pfrcpit2 pfrsqit1 pfrsqrt pfsub pfsubr pi2fd pi2fw pmulhrw pswapd "
     "extrq insertq movntsd movntss montmul xcryptcbc xcryptcfb xcryptctr xcryptecb xcryptofb "
     "xsha1 xsha256 xstore",
     only_capstone, "AMD 3DNow!, SSE4A and Padlock: no Intel processor has them"},
    {Field::validity,
     "aesdec aesdeclast aesenc aesenclast aesimc aeskeygenassist pclmulqdq sha1msg1 sha1msg2 "
     "sha1nexte sha1rnds4 sha256msg1 sha256msg2 sha256rnds2 adcx adox movbe rdrand rdseed xabort "
     "xbegin xend xtest clac stac invpcid clflushopt clwb pcommit",
     only_capstone,
     "Extensions after SSE4.2: AES, PCLMULQDQ, SHA, ADX, MOVBE, RDRAND, RDSEED, TSX, SMAP, "
     "INVPCID, CLFLUSHOPT, CLWB, PCOMMIT: not offered by CPUID, #UD"},
    {Field::validity, "monitor mwait", only_capstone,
     "MONITOR and MWAIT: #UD in user mode (SDM vol. 2)"},
    {Field::validity, "syscall sysret rsm swapgs", only_capstone,
     "SYSCALL and SYSRET: 64-bit mode only on Intel processors; RSM: #UD outside SMM; SWAPGS: "
     "64-bit mode only"},
    {Field::validity, "ud0 ud2b", only_capstone,
     "UD0 and UD1 are #UD by definition, so ferry has no row for them"},
    {Field::validity, "RDCLOCK", only_ferry,
     "0F 0A: ferry's own instruction of the kernel page, #UD anywhere else (host_clock.hpp)"},
    {Field::validity, "LFENCE MFENCE SFENCE", only_ferry,
     "SDM vol. 2: rm is ignored (0F AE E8-EF, F0-F7, F8-FF); Capstone wants rm 0"},
    {Field::validity, "NOP", only_ferry,
     "SDM vol. 2, table A-3: 0F 18 to 0F 1F are reserved NOPs, without an extension that gives "
     "some of them a meaning"},
    {Field::validity, "PREFETCH", only_ferry,
     "0F 0D: table A-3 names /1 only; a processor takes all memory forms as a prefetch hint"},
    {Field::validity, "mov", only_capstone,
     "CR1, CR5 to CR15 do not exist: #UD (SDM vol. 2, MOV control registers); 8C and 8E with /6, "
     "/7 and "
     "a load of CS: #UD (SDM vol. 2, MOV)"},
    // Mnemonics.
    {Field::mnemonic, "CMPPD CMPPS CMPSD CMPSS", compare_predicate,
     "Capstone prints the pseudo-operation (CMPEQPS) for predicates 0 to 7"},
    {Field::mnemonic, "FNOP", nullptr,
     "DBE0, DBE1, DBE4: 8087 and 287 control operations, no operation since the 387; Capstone "
     "gives each a name"},
    {Field::mnemonic, "FSTP", nullptr, "D9D8: Capstone calls this alias of FSTP ST(i) fstpnce"},
    {Field::mnemonic, "PREFETCH", nullptr,
     "Capstone names the hint: prefetcht0, prefetchw; ferry ignores it"},
    {Field::mnemonic, "SHL", nullptr, "/6: Capstone calls this alias of SHL sal"},
    {Field::mnemonic, "BSF BSR", by_f3,
     "F3: TZCNT and LZCNT need BMI1 and ABM; without them F3 is ignored (SDM vol. 2, TZCNT)"},
    {Field::mnemonic, "NOP", by_f3, "F3 0F 1E FA/FB: ENDBR64 and ENDBR32 are NOPs without CET"},
    // Operands.
    {Field::operand_count, "AAD AAM", nullptr, "the base 10 is not printed by Capstone"},
    {Field::operand_count, "BLENDVPD BLENDVPS PBLENDVB", nullptr,
     "<XMM0> (SDM vol. 2) is an operand to ferry, implicit to Capstone"},
    {Field::operand_count, "CMPPD CMPPS CMPSD CMPSS", compare_predicate,
     "the predicate is in the name of the pseudo-operation"},
    {Field::operand_count, "NOP", nullptr,
     "0F 19: the reserved NOP takes ModRM rm only in the manual; Capstone prints reg too"},
    {Field::operand_count, "FSTP", nullptr, "DFD0, DFD8, D9D8: Capstone adds ST(0)"},
    {Field::operand_register, "XCHG", nullptr,
     "90+r: XCHG r32, EAX and XCHG EAX, r32 are the same (SDM vol. 2)"},
    {Field::operand_width, "CALL_far JMP_far", nullptr, "66: m16:16 has 4 bytes; Capstone says 6"},
    {Field::operand_width, "LES LDS LSS LFS LGS", nullptr, "m16:32 has 6 bytes; Capstone says 4"},
    {Field::operand_width, "COMISS COMISD", nullptr, "m32 and m64 (SDM vol. 2); Capstone says 10"},
    {Field::operand_width, "FLDENV FNSTENV FNSAVE FRSTOR FXSAVE FXRSTOR", nullptr,
     "environments and images have no width in ferry: it depends on the operand size; Capstone "
     "gives a pointer size or 28"},
    {Field::operand_width, "FNSTSW", nullptr, "m2byte (SDM vol. 2); Capstone says 4"},
    {Field::operand_width, "LEA INVLPG", nullptr, "an address, not an access"},
    {Field::operand_width, "LAR LSL MOV", small_source,
     "r32/m16: only 16 bits are read; Capstone prints the 32-bit register"},
    {Field::operand_width, "NOP", by_f3, "66 F3 0F 1A: Capstone overlooks the 66"},
    {Field::operand_width, "PUNPCKLBW PUNPCKLWD PUNPCKLDQ", nullptr,
     "mm/m32 (SDM vol. 2): 4 bytes are read; Capstone says 8"},
    {Field::immediate, "JCC JMP", address_size_16,
     "67 has no effect on a near branch (SDM vol. 2, JMP); Capstone cuts the displacement by it"},
    {Field::access, "", only_address,
     "LEA, NOP, prefetch, CLFLUSH, INVLPG and FFREE(P) neither read nor write their operand"},
    // How operands are accessed: in Capstone many operands have no access, or the wrong one.
    {Field::access,
     "ARPL CMPXCHG CMPXCHG8B FADD FADDP FCMOVCC FDIV FDIVP FDIVR FDIVRP FMUL FMULP FSUB FSUBP "
     "FSUBR FSUBRP FXCH RCL RCR ROL ROR",
     access_is<Access::rw, Access::r>,
     "read and written (SDM vol. 2, operand encoding); Capstone says read"},
    {Field::access,
     "EXTRACTPS FIST FISTP FISTTP FNSTCW FST FSTP MOVD MOVDQA MOVHPD MOVHPS MOVLPD MOVLPS MOVNTDQ "
     "MOVNTI MOVNTPD MOVNTPS MOVNTQ MOVQ MOVUPD MOVUPS PEXTRB PEXTRD PEXTRW SETCC STMXCSR",
     access_is<Access::w, Access::r>, "written (SDM vol. 2); Capstone says read"},
    {Field::access, "CVTPI2PS MOVHLPS MOVLPD MOVLPS MOVSD MOVSS ROUNDSD ROUNDSS",
     access_is<Access::w, Access::rw>,
     "a write that keeps part of the register is a write to ferry"},
    {Field::access, "INS POP", access_is<Access::w, Access::none>,
     "written (SDM vol. 2); Capstone says nothing"},
    {Field::access, "CMPS CVTSD2SI CVTSS2SI INS OUTS PUSH ROUNDSD ROUNDSS SHLD SHRD",
     access_is<Access::r, Access::none>, "read (SDM vol. 2); Capstone says nothing"},
    {Field::access, "BOUND FCMOVCC FRSTOR", access_is<Access::r, Access::w>,
     "read (SDM vol. 2); Capstone says written"},
    {Field::access, "TEST", access_is<Access::r, Access::rw>,
     "only read (SDM vol. 2); Capstone says written too"},
    {Field::access, "ARPL BSF BSR CMPXCHG LAR LSL", access_is<Access::rw, Access::w>,
     "the destination may stay as it was, so it is read too (SDM vol. 2)"},
    // General registers read and written.
    {Field::gprs_read, "AAA AAD AAM AAS DAA DAS", nullptr,
     "AL or AX is implicit (SDM vol. 2); Capstone has nothing"},
    {Field::gprs_written, "AAA AAD AAM AAS DAA DAS", nullptr,
     "AL or AX is implicit (SDM vol. 2); Capstone has nothing"},
    {Field::gprs_read, "BOUND", nullptr,
     "BOUND reads its operands and writes none; Capstone has the register as written"},
    {Field::gprs_written, "BOUND TEST", nullptr, "writes no operand (SDM vol. 2)"},
    {Field::gprs_read, "BSF BSR LAR LSL", nullptr, "the destination may stay as it was: read too"},
    {Field::gprs_read, "CMPXCHG", nullptr,
     "destination and accumulator are read and written (SDM vol. 2); Capstone has parts"},
    {Field::gprs_written, "CMPXCHG", nullptr,
     "the accumulator is written when the comparison fails (SDM vol. 2)"},
    {Field::gprs_written, "CWD", nullptr, "only (E)DX is written (SDM vol. 2)"},
    {Field::gprs_read, "CPUID RDTSC RDTSCP RDMSR POPA", operand_size_16,
     "to ferry a 16-bit operand size writes halves, which reads the rest; where 66 means nothing "
     "that errs to the safe side"},
    {Field::gprs_read, "RDPMC", nullptr, "ECX selects the counter (SDM vol. 2)"},
    {Field::gprs_written, "RDPMC", nullptr, "EDX:EAX (SDM vol. 2)"},
    {Field::gprs_read, "ENTER IRET RET_far PUSH POP", nullptr,
     "the stack pointer (and ENTER's EBP) is implicit; Capstone has nothing (PUSH and POP: of "
     "segment registers)"},
    {Field::gprs_written, "ENTER IRET RET_far CALL_far PUSH POP", nullptr,
     "the stack pointer (and ENTER's EBP) is implicit; Capstone has nothing"},
    {Field::gprs_read, "LEAVE", nullptr, "ESP is overwritten from EBP first (SDM vol. 2)"},
    {Field::gprs_read, "LODS", repeated, "a repeat count of 0 keeps the accumulator"},
    {Field::gprs_read, "MOVS", repeated,
     "F2 repeats MOVS as F3 does; Capstone sees no repetition in some forms"},
    {Field::gprs_written, "MOVS", repeated,
     "F2 repeats MOVS as F3 does; Capstone sees no repetition in some forms"},
    {Field::gprs_read, "NOP", nullptr, "a NOP reads nothing"},
    {Field::gprs_read, "XLAT", nullptr, "EBX and AL (SDM vol. 2)"},
    {Field::gprs_written, "XLAT", nullptr, "AL (SDM vol. 2)"},
    // Flags read, written and left undefined.
    {Field::flags_read, "AAA AAS DAA DAS ADC SBB CMC RCL RCR SALC LAHF PUSHF INTO IRET", nullptr,
     "read (SDM vol. 1, table A-2; vol. 2 for those not in it); Capstone has none of these tests"},
    {Field::flags_read, "CMPS SCAS INS MOVS STOS LODS OUTS", string_form,
     "DF directs every string instruction; a repeat count of 0 lets the flags through"},
    {Field::flags_read, "ROL ROR SAR SHL SHR SHLD SHRD", by_cl,
     "a count of 0 lets the flags through, so ferry has them read"},
    {Field::flags_read, "MOVSD MOVSS", not_string,
     "the string instruction's DF, given to the SSE instruction of the same name"},
    {Field::flags_undefined, "BSF BSR", by_f3, "the flags of TZCNT and LZCNT, see their names"},
    {Field::flags_written, "BSF BSR", by_f3, "the flags of TZCNT and LZCNT, see their names"},
    {Field::flags_undefined, "IMUL", nullptr,
     "SF is undefined (SDM vol. 1, table A-2); Capstone has it written by the two-operand form"},
    {Field::flags_written, "IMUL", nullptr,
     "SF is undefined (SDM vol. 1, table A-2); Capstone has it written by the two-operand form"},
    {Field::flags_undefined, "RCL RCR ROL ROR", count_is_1,
     "OF is defined for a count of 1 (SDM vol. 2); Capstone does not look at the count"},
    {Field::flags_undefined, "RCL RCR ROL ROR SAR SHL SHR SHLD SHRD", shift_count,
     "the count decides (SDM vol. 2): 0 leaves all flags alone, above 1 OF is undefined, CF of SHL "
     "and SHR from the width on, all flags of a double shift by more than the width"},
    {Field::flags_written, "RCL RCR ROL ROR", count_is_1,
     "OF is written for a count of 1 (SDM vol. 2)"},
    {Field::flags_written, "RCL RCR ROL ROR SAR SHL SHR SHLD SHRD", shift_count,
     "as for the undefined flags"},
    {Field::flags_written, "CMPPD CMPPS CMPSD CMPSS", not_string,
     "the string instruction's flags, given to the SSE instructions; these write none"},
    {Field::flags_written, "FLDL2E FLDL2T FLDLN2 FSTP", nullptr,
     "an FPU condition bit that Capstone keeps in the same field, in forms it does not count to "
     "its FPU group"},
    {Field::flags_written, "PCMPESTRI PCMPESTRM PCMPISTRI PCMPISTRM PTEST", nullptr,
     "all six are written (SDM vol. 2)"},
    {Field::flags_written, "PREFETCH", nullptr,
     "PREFETCHW: no flags (the manual once had them undefined)"},
    {Field::flags_written, "SYSENTER SYSEXIT", nullptr,
     "privileged to ferry: #GP, nothing is written"},
});

bool contains_word(std::string_view words, std::string_view word) {
  for (size_t at = words.find(word); at != std::string_view::npos; at = words.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || words[at - 1] == ' ') && (end == words.size() || words[end] == ' '))
      return true;
  }
  return false;
}

}  // namespace

std::span<const KnownDisagreement> known_disagreements() {
  return kTable;
}

int find_known(const Difference& difference) {
  const std::string_view mnemonic = difference.mnemonic();
  for (unsigned i = 0; i < kTable.size(); ++i) {
    const KnownDisagreement& known = kTable[i];
    if (known.field != difference.field) continue;
    if (known.mnemonics[0] != '\0' && !contains_word(known.mnemonics, mnemonic)) continue;
    if (known.when == nullptr || known.when(difference)) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace ferry::i386::test
