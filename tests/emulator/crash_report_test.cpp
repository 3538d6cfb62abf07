// A failed CHECK tells what the guest was doing.
#include "emulator/crash_report.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>

#include "common/diagnostics.hpp"
#include "guest/memory/address.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::emulator {
namespace {

constexpr uint32_t kCode = 0x10000000;

class CrashReport : public testing::Test {
 protected:
  CrashReport() {
    linux::MapRequest request;
    request.address = kCode;
    request.length = guest::kPageSize;
    request.protection = linux::kProtRead | linux::kProtWrite | linux::kProtExec;
    request.placement = linux::MapRequest::Placement::fixed;
    EXPECT_TRUE(space_.map(request).ok());
    static constexpr uint8_t kMove[] = {0x8b, 0x45, 0x08};
    std::memcpy(guest::host_pointer(kCode), kMove, sizeof kMove);
    linux::set_current_thread(&thread_);
    install_crash_report(nullptr);
  }

  linux::AddressSpace space_{4096};
  linux::GuestProcess process_{space_};
  linux::Thread thread_{process_};
};

TEST_F(CrashReport, ShowsTheGuestsInstruction) {
  thread_.cpu.eip = kCode;
  EXPECT_DEATH(
      CHECK(kCode == 0),
      "internal error: kCode == 0(.|\n)*guest pc 10000000: 8b 45 08 MOV\n(.|\n)*host pc 0x");
}

TEST_F(CrashReport, SaysSoWhereNothingIsMapped) {
  thread_.cpu.eip = 0x20000000;
  EXPECT_DEATH(CHECK(kCode == 0), "guest pc 20000000: not readable\n");
}

}  // namespace
}  // namespace ferry::emulator
