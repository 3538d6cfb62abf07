// The engine with a host and a guest that are made up: no delay slots, jumps of a short reach, a
// guest of 64 KB. Several threads run in it at once; the build with ThreadSanitizer sees whether
// they touch anything without the lock.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "engine/engine.hpp"

namespace ferry::engine {
namespace {

constexpr CodePlace kPlace{0x10'0000'0000, size_t{128} << 20};
constexpr uint32_t kGuestBytes = 0x1'0000;
constexpr uint32_t kLargestBlock = 256, kReach = 3000;  // words

/// An instruction is four bytes: what, a number, and a target of 16 bits.
enum class What : uint8_t { add, jump, branch, indirect, call_kernel };

struct GuestInstruction {
  What what;
  uint8_t number;
  uint16_t target;
};

/// The guest's memory. Read without a lock, as guest memory is.
class Memory {
 public:
  explicit Memory(unsigned seed) {
    std::mt19937 random(seed);
    for (auto& word : words_) word = random() & 0xfffc'ffff;
  }
  [[nodiscard]] GuestInstruction at(GuestAddress address) const {
    const uint32_t word = words_[address / 4].load(std::memory_order_relaxed);
    static constexpr What kWhat[16] = {What::jump,   What::branch,   What::branch,
                                       What::branch, What::indirect, What::call_kernel};
    const GuestAddress target = (address + 4 + (word >> 16) % 2048) % kGuestBytes;  // forward
    return {kWhat[word & 15], static_cast<uint8_t>(word >> 8), static_cast<uint16_t>(target)};
  }
  void write(GuestAddress address, uint32_t word) { words_[address / 4] = word & 0xfffc'ffff; }

 private:
  std::array<std::atomic<uint32_t>, kGuestBytes / 4> words_;
};

struct State {
  GuestAddress pc = 0;
  uint32_t sum = 0;
  uint64_t steps = 0;

  [[nodiscard]] GuestAddress indirect_target() const {
    return static_cast<GuestAddress>((sum + steps * 7919) * 4 % kGuestBytes);
  }
  /// Executes one instruction; whether it calls the kernel.
  bool step(const Memory& memory) {
    const GuestInstruction in = memory.at(pc);
    ++steps;
    pc = (pc + 4) % kGuestBytes;
    if (in.what == What::add) sum = sum * 31 + in.number;
    if (in.what == What::jump || (in.what == What::branch && sum % 2 == 1)) pc = in.target;
    if (in.what == What::indirect) pc = indirect_target();
    return in.what == What::call_kernel;
  }
};

/// Words of the made-up host: what they do in the top byte.
enum HostWord : uint32_t {
  kAdd = 1u << 24,
  kStep = 2u << 24,   ///< an instruction without effect was executed
  kIfOdd = 3u << 24,  ///< the next word is executed only if the sum is odd
  kLeave = 4u << 24,  ///< by the exit whose number follows
  kGo = 5u << 24,     ///< by as many words as the low 24 bits say, signed
  kIndirect = 6u << 24,
  kKernel = 7u << 24,
};

uint32_t load_word(const uint32_t* place) {
  return std::atomic_ref<uint32_t>(*const_cast<uint32_t*>(place)).load(std::memory_order_acquire);
}

/// No delay slots, and no stub: an exit is one word. What is out of reach stays unlinked.
class Patcher final : public CodePatcher {
 public:
  void link(const Exit& exit, const uint32_t* target) override {
    uint32_t* const site = exit.owner->code + exit.site;
    const auto distance = static_cast<int32_t>(target - site);
    if (distance < -int32_t{kReach} || distance > int32_t{kReach}) return;
    store(site, kGo | (static_cast<uint32_t>(distance) & 0xff'ffff));
  }
  void unlink(const Exit& exit) override { store(exit.owner->code + exit.site, exit.unlinked); }
  void synchronise(const uint32_t*, uint32_t) override {}

 private:
  static void store(uint32_t* place, uint32_t word) {
    std::atomic_ref<uint32_t>(*place).store(word, std::memory_order_release);
  }
};

class MadeUpTranslator final : public Translator {
 public:
  MadeUpTranslator(const CodeCache& cache, const Memory& memory) : cache_(cache), memory_(memory) {}

  bool translate(GuestAddress address, uint32_t* code, uint32_t capacity,
                 BlockDraft& out) override {
    if (capacity < kLargestBlock) return false;
    const GuestAddress begin = address;
    uint32_t* word = code;
    Block& block = *out.block;
    block.address = address;
    block.guest_instructions = 0;
    block.notes = nullptr;
    bool ended = false;
    while (!ended && block.guest_instructions < 20) {
      const GuestInstruction in = memory_.at(address);
      ++block.guest_instructions;
      address += 4;
      ended = address == kGuestBytes || (in.what != What::add && in.what != What::branch);
      if (in.what == What::add) *word++ = kAdd | in.number;
      if (in.what == What::indirect) *word++ = kIndirect;
      if (in.what == What::call_kernel) *word++ = kKernel;
      if (in.what == What::jump || in.what == What::branch) *word++ = kStep;
      if (in.what == What::branch) *word++ = kIfOdd;
      if (in.what == What::jump || in.what == What::branch) emit_exit(out, code, word, in.target);
    }
    emit_exit(out, code, word, address % kGuestBytes);
    block.words = static_cast<uint32_t>(word - code);
    block.direct_entry = block.indirect_entry = 0;
    out.ranges.clear();
    out.ranges.push_back({begin, address});
    return true;
  }

  Leave enter(void* state, const uint32_t* code) override {
    auto& guest = *static_cast<State*>(state);
    for (unsigned budget = 2000;; --budget) {
      const uint32_t word = load_word(code);
      const uint32_t operand = word & 0xff'ffff;
      switch (word & 0xff00'0000) {
        case kAdd:
          guest.sum = guest.sum * 31 + operand;
          [[fallthrough]];
        case kStep:
          ++guest.steps;
          ++code;
          break;
        case kIfOdd:
          code += guest.sum % 2 == 1 ? 1 : 2;
          break;
        case kGo:
          if (budget < 1000) return leave_by(guest, code);
          code += static_cast<int32_t>(operand << 8) >> 8;
          break;
        case kIndirect:
          ++guest.steps;
          guest.pc = guest.indirect_target();
          return {LeaveReason::indirect_exit, nullptr};
        case kKernel: {
          ++guest.steps;
          // The exit after it says where the guest goes on.
          static_cast<void>(leave_by(guest, code + 1));
          return {LeaveReason::syscall, nullptr};
        }
        default:
          return leave_by(guest, code);
      }
    }
  }

  void mark_unaligned(GuestAddress) override {}
  void expect(const void*) override {}
  void note_other_state(GuestAddress) override {}
  void order_accesses() override {}
  void forget_analysis() override {}
  void forget_region(unsigned) override {}
  void set_self_checking(GuestAddress, bool) override {}

 private:
  static void emit_exit(BlockDraft& out, const uint32_t* code, uint32_t*& word,
                        GuestAddress target) {
    const auto site = static_cast<uint32_t>(word - code);
    const auto number = static_cast<uint32_t>(out.exits.size());
    *word++ = kLeave | number;
    out.exits.push_back({.kind = Exit::Kind::jump,
                         .live = 0,
                         .site = site,
                         .stub = site,
                         .unlinked = kLeave | number,
                         .target = target,
                         .recipe = 0,
                         .owner = out.block,
                         .linked = nullptr,
                         .next_incoming = nullptr});
  }
  Leave leave_by(State& guest, const uint32_t* code) const {
    const Block* block = cache_.find(code);
    for (Exit& exit : block->exits) {
      if (block->code + exit.site != code) continue;
      guest.pc = exit.target;
      return {LeaveReason::direct_exit, &exit};
    }
    return {};
  }

  const CodeCache& cache_;
  const Memory& memory_;
};

class Index final : public CodeIndex {
 public:
  [[nodiscard]] const uint32_t* get(GuestAddress address) const override {
    const auto entry = entries.find(address);
    return entry != entries.end() ? entry->second : nullptr;
  }
  void set(GuestAddress address, const uint32_t* code) override { entries[address] = code; }
  void clear(GuestAddress address) override { entries.erase(address); }
  void missed(GuestAddress) override {}
  void release(GuestAddress) override {}
  std::map<GuestAddress, const uint32_t*> entries;
};

/// A write is allowed or refused at once, as by an MMU.
class Protector final : public PageProtector {
 public:
  bool begin_watch(GuestAddress page) override {
    set(page, true);
    return true;
  }
  void end_watch(GuestAddress page) override { set(page, false); }
  bool write(Memory& memory, GuestAddress address, uint32_t word) {
    const std::lock_guard guard(mutex_);
    if (watched_[address / kGuestPageSize]) return false;
    memory.write(address, word);
    return true;
  }

 private:
  void set(GuestAddress page, bool on) {
    const std::lock_guard guard(mutex_);
    watched_[page / kGuestPageSize] = on;
  }

  std::mutex mutex_;
  std::array<bool, kGuestBytes / kGuestPageSize> watched_{};
};

/// These threads come to their run loops by themselves.
void nudge(int32_t) {
  std::this_thread::yield();
}

struct MadeUpMachine {
  explicit MadeUpMachine(unsigned seed) : memory(seed) { cache.keep_all(kLargestBlock); }

  Memory memory;
  CodeCache cache{size_t{64} << 10, kPlace};
  Index index;
  MadeUpTranslator translator{cache, memory};
  Patcher patcher;
  Protector protector;
  MemoryLock lock;
  Engine engine{cache,
                index,
                translator,
                patcher,
                protector,
                lock,
                {.guest_end = kGuestBytes, .nudge = nudge}};
};

class MadeUpGuest final : public Guest {
 public:
  using Kernel = void (*)(MadeUpMachine& machine, State& state);
  MadeUpGuest(MadeUpMachine& machine, uint64_t steps, Kernel kernel)
      : machine_(machine), most_steps_(steps), kernel_(kernel) {}

  [[nodiscard]] GuestAddress pc() const override { return own.pc; }
  [[nodiscard]] void* state() override { return &own; }
  [[nodiscard]] bool interrupt_pending() const override { return false; }
  void deliver_interrupts() override {}
  bool system_call() override {
    kernel_(machine_, own);
    return false;
  }
  void deliver_exception() override {}
  void interpret_one() override {
    if (own.step(machine_.memory)) system_call();
  }
  void interpret_block(unsigned limit) override {
    for (GuestAddress next = own.pc; limit-- > 0 && own.pc == next; next += 4) interpret_one();
  }
  [[nodiscard]] bool translatable() const override { return true; }
  [[nodiscard]] bool running() const override { return own.steps < most_steps_; }

  State own;

 private:
  MadeUpMachine& machine_;
  uint64_t most_steps_;
  Kernel kernel_;
};

/// As a change of mappings that leaves the bytes as they were.
void remap(MadeUpMachine& machine, State& state) {
  if (state.sum % 8 != 0) return;
  const GuestAddress page = state.sum / 8 % (kGuestBytes / kGuestPageSize) * kGuestPageSize;
  machine.engine.invalidate(page, page + kGuestPageSize);
}

/// Changes code.
void rewrite(MadeUpMachine& machine, State& state) {
  const GuestAddress address = state.sum % (kGuestBytes / 4) * 4;
  while (!machine.protector.write(machine.memory, address, state.sum * 0x9e37'79b9u)) {
    // Not `written`: the page would become self-checking, which this translator does not know.
    machine.engine.invalidate(address, address + 4);
  }
}

/// Whether the engine is to think that there is one thread, and so take no lock: the race that
/// ThreadSanitizer must see. (`planted_race`, a test of the test.)
bool race_planted() {
  return std::getenv("FERRY_TEST_PLANT_RACE") != nullptr;
}

void run_threads(MadeUpMachine& machine, std::vector<std::unique_ptr<MadeUpGuest>>& guests) {
  if (!race_planted()) machine.lock.enable();
  std::vector<std::thread> hosts;
  for (const auto& guest : guests) {
    hosts.emplace_back([&] {
      Thread thread(machine.engine.threads());
      machine.engine.run(*guest, thread);
    });
  }
  for (std::thread& host : hosts) host.join();
}

std::vector<std::unique_ptr<MadeUpGuest>> make_guests(MadeUpMachine& machine, unsigned count,
                                                      MadeUpGuest::Kernel kernel) {
  std::vector<std::unique_ptr<MadeUpGuest>> guests;
  for (unsigned i = 0; i < count; ++i) {
    guests.push_back(std::make_unique<MadeUpGuest>(machine, 60'000, kernel));
    guests.back()->own.sum = 1000 + i;
  }
  return guests;
}

void expect_as_interpreted(const MadeUpGuest& guest, const Memory& memory, uint32_t seed) {
  State expected;
  expected.sum = seed;
  while (expected.steps < guest.own.steps) static_cast<void>(expected.step(memory));
  EXPECT_EQ(guest.own.pc, expected.pc);
  EXPECT_EQ(guest.own.sum, expected.sum);
}

TEST(MadeUpMachine, OneThread) {
  MadeUpMachine machine(1);
  MadeUpGuest guest(machine, 500'000, remap);
  guest.own.sum = 1000;
  Thread thread(machine.engine.threads());
  machine.engine.run(guest, thread);
  expect_as_interpreted(guest, machine.memory, 1000);
  EXPECT_GT(machine.engine.statistics().links, 100u);
  EXPECT_GT(machine.engine.statistics().evictions, 10u);
}

TEST(MadeUpMachine, FourThreadsWhoseCodeIsRemapped) {
  MadeUpMachine machine(2);
  auto guests = make_guests(machine, 4, remap);
  run_threads(machine, guests);
  for (unsigned i = 0; i < guests.size(); ++i) {
    expect_as_interpreted(*guests[i], machine.memory, 1000 + i);
  }
  EXPECT_GT(machine.engine.statistics().evictions, 1u);
  EXPECT_GT(machine.engine.statistics().invalidations, 10u);
}

// What is found at the end is made from the bytes that are there at the end.
TEST(MadeUpMachine, FourThreadsThatChangeTheirCode) {
  MadeUpMachine machine(3);
  auto guests = make_guests(machine, 4, rewrite);
  run_threads(machine, guests);
  for (const auto& [address, code] : machine.index.entries) {
    const Block* block = machine.cache.find(code);
    ASSERT_NE(block, nullptr);
    GuestAddress at = address;
    const uint32_t* word = block->code;
    for (unsigned i = 0; i < block->guest_instructions; ++i, at += 4) {
      const GuestInstruction in = machine.memory.at(at);
      if (in.what == What::add) {
        EXPECT_EQ(*word++, kAdd | in.number);
      }
      if (in.what == What::branch) {
        EXPECT_EQ(word[1], kIfOdd);
        word += 3;
      }
    }
  }
  EXPECT_GT(machine.engine.statistics().invalidations, 10u);
}

}  // namespace
}  // namespace ferry::engine
