// -L ROOT: the host path that a guest path means.
#include "linux/kernel/path.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "expect.hpp"
#include "linux/abi/i386/abi_types.hpp"
#include "linux/kernel/guest_process.hpp"

namespace {

using namespace ferry;
using namespace ferry::linux;
using test::expect;
using test::expect_equal;

struct Fixture {
  AddressSpace space{65536};
  GuestProcess process{space};
  std::string root;

  Fixture() {
    char name[] = "/tmp/ferry-path-XXXXXX";
    root = mkdtemp(name);
    process.root.set(root);
    process.executable = "/bin/program";
    for (const char* folder : {"/bin", "/usr", "/usr/lib", "/only"})
      mkdir((root + folder).c_str(), 0755);
    for (const char* file : {"/bin/program", "/usr/lib/libx.so.1"}) {
      close(open((root + file).c_str(), O_CREAT | O_WRONLY, 0644));
    }
    link("libx.so.1", "/usr/lib/libx.so");
    link("/usr/lib", "/lib");
    link("../../../../bin", "/usr/lib/up");
    link("/etc/passwd", "/usr/host");
    link("loop", "/loop");
    link("/proc/thread-self/exe", "/usr/exe");
    process.executable_file = process.hidden.hide(open((root + "/bin/program").c_str(), O_RDONLY));
  }
  ~Fixture() {
    if (chdir("/") != 0 || std::system(("rm -r " + root).c_str()) != 0) expect(false);
  }
  void link(const char* target, const char* at) const {
    expect_equal(symlink(target, (root + at).c_str()), 0);
  }
  [[nodiscard]] std::string resolved(const char* path, LastLink last = LastLink::follow) const {
    HostPath host;
    resolve_path(process, AT_FDCWD, path, last, host);
    return host.error != kOk ? "error " + std::to_string(host.error.value) : host.text;
  }
  void same(const char* path, const std::string& expected, LastLink last = LastLink::follow,
            std::source_location where = std::source_location::current()) const {
    const std::string actual = resolved(path, last);
    expect(actual == expected, where);
    if (actual != expected)
      std::printf("  %s -> %s, expected %s\n", path, actual.c_str(), expected.c_str());
  }
};

void absolute(const Fixture& f) {
  f.same("/bin/program", f.root + "/bin/program");
  f.same("/lib/libx.so", f.root + "/usr/lib/libx.so.1");
  f.same("/lib/libx.so", f.root + "/usr/lib/libx.so", LastLink::keep);
  f.same("/lib", f.root + "/lib", LastLink::keep);
  f.same("/lib/", f.root + "/usr/lib/", LastLink::keep);
  f.same("/../../bin/./program", f.root + "/bin/program");
  f.same("/usr/lib/up/program", f.root + "/bin/program");
  f.same("/usr/../bin//program", f.root + "/bin/program");
  f.same("/", f.root + "/");
  f.same("/loop", "error " + std::to_string(abi::kELOOP.value));
}

void host_files(const Fixture& f) {
  f.same("/etc/passwd", "/etc/passwd");  // not in ROOT
  f.same("/usr/host", "/etc/passwd");    // a link in ROOT to what only the host has
  f.same("/dev/null", "/dev/null");
  f.same("/proc/self/status", "/proc/self/status");
  f.same("/proc/self/root/bin/program", f.root + "/bin/program");
  f.same("/proc/self/root", f.root + "/");
  f.same("/proc/self/root", "/proc/self/root", LastLink::keep);
  const std::string root_link = "/proc/" + std::to_string(getpid()) + "/root";
  f.same((root_link + "/usr/../bin/").c_str(), f.root + "/bin/");
  f.same("/proc/self/rootless", "/proc/self/rootless");
  f.same("/proc/1/root/bin/program", "/proc/1/root/bin/program");  // no ferry
  // The program's own file, by its descriptor, even through links and in other spellings.
  const std::string own =
      "/proc/thread-self/fd/" + std::to_string(f.process.hidden[f.process.executable_file]);
  f.same("/proc/self/exe", own);
  f.same("/proc/self/../self/task/../exe", own);
  f.same("/usr/exe", own);
  f.same("/proc/self/exe", "/proc/self/exe", LastLink::keep);
  f.same(own.c_str(), "error " + std::to_string(abi::kENOENT.value));
  f.same("/only/new", f.root + "/only/new");  // only ROOT has its folder
  f.same("/bin/new", "/bin/new");             // the host has the folder too
}

// A link of the host's: what it names is looked for in ROOT first, as if the path had named it.
void host_links(const Fixture& f) {
  char name[] = "/tmp/ferry-path-XXXXXX";
  const std::string folder = mkdtemp(name);
  const auto link = [&](const char* target, const char* at) {
    expect_equal(symlink(target, (folder + at).c_str()), 0);
  };
  link("/bin/program", "/file");
  link("/usr", "/folder");
  link("file", "/again");
  link("/etc/passwd", "/host");
  link("nothing", "/nowhere");
  link("turn", "/turn");
  const auto same = [&](const char* path, const std::string& expected, LastLink last) {
    f.same((folder + path).c_str(), expected, last);
  };
  same("/file", f.root + "/bin/program", LastLink::follow);
  same("/file", folder + "/file", LastLink::keep);
  same("/again", f.root + "/bin/program", LastLink::follow);
  same("/folder/lib/libx.so", f.root + "/usr/lib/libx.so.1", LastLink::follow);
  same("/folder/lib/libx.so", f.root + "/usr/lib/libx.so", LastLink::keep);
  same("/folder/../bin/program", f.root + "/bin/program", LastLink::follow);
  same("/host", "/etc/passwd", LastLink::follow);
  same("/nowhere", folder + "/nothing", LastLink::follow);
  same("/turn", "error " + std::to_string(abi::kELOOP.value), LastLink::follow);
  expect_equal(chdir(folder.c_str()), 0);
  f.same("again", f.root + "/bin/program");
  f.same("again", "again", LastLink::keep);
  f.same("folder/lib/libx.so", f.root + "/usr/lib/libx.so.1");
  f.same("host", "/etc/passwd");
  f.same("nowhere", "nowhere");
  f.same("../no", "../no");
  expect_equal(chdir("/"), 0);
  expect(std::system(("rm -r " + folder).c_str()) == 0);
}

void relative(const Fixture& f) {
  expect_equal(chdir((f.root + "/usr/lib").c_str()), 0);
  f.same("libx.so", f.root + "/usr/lib/libx.so.1");
  f.same("../../../../bin/program", f.root + "/bin/program");
  f.same("../../etc/nothing", f.root + "/etc/nothing");
  f.same("new", f.root + "/usr/lib/new");
  expect_equal(chdir("/"), 0);
  f.same("etc/passwd", "etc/passwd");
  f.same("", "");
  expect(guest_view(f.process, f.root + "/usr/lib") == "/usr/lib");
  expect(guest_view(f.process, f.root) == "/");
  expect(guest_view(f.process, f.root + "x") == f.root + "x");
}

void own_entries() {
  AddressSpace space(4096);
  GuestProcess process(space);
  const auto entry = [&](const char* path, LastLink last_link = LastLink::follow) {
    HostPath result;
    resolve_path(process, AT_FDCWD, path, last_link, result);
    return result.file.entry;
  };
  expect_equal(entry("/proc/self/maps"), ProcEntry::maps);
  expect_equal(entry("/proc/self/./exe", LastLink::keep), ProcEntry::exe);
  expect_equal(entry(("/proc/" + std::to_string(getpid()) + "/auxv").c_str()), ProcEntry::auxv);
  expect_equal(entry("/proc/self/task/../stat"), ProcEntry::stat);
  expect_equal(entry("/proc/thread-self/cmdline"), ProcEntry::cmdline);
  expect_equal(entry("/proc/cpuinfo"), ProcEntry::cpuinfo);
  expect_equal(entry("/proc/1/maps"), ProcEntry::maps);
  expect_equal(entry("/proc/1/fdinfo/0"), ProcEntry::descriptor_info);
  expect_equal(entry("/proc/self/cpuinfo"), ProcEntry::none);
  expect_equal(entry("/proc/stat"), ProcEntry::none);
  expect_equal(entry("/tmp/maps"), ProcEntry::none);
}

}  // namespace

int main() {
  {
    const Fixture fixture;
    absolute(fixture);
    host_files(fixture);
    host_links(fixture);
    relative(fixture);
  }
  own_entries();
  return ferry::test::report();
}
