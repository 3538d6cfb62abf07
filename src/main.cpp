// ferry: runs i386 Linux programs on MIPS64 Linux.
#include "emulator/arguments.hpp"
#include "emulator/emulator.hpp"

int main(int argc, char** argv, char** environment) {
  ferry::emulator::run_program(ferry::emulator::parse_command_line(argc, argv, environment),
                               environment);
}
