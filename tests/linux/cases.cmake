# tests/linux/cases: one file per case, most of them made after a report of a bug. The first comment of a file tells the
# story. Further lines that start with // (; in assembly) and a keyword tell how the case is built and tested:
#
#   EXPECT: TEXT              part of a line that the run on the real kernel must print: equal outputs prove nothing if that
#                             run did not do its work (compare.sh reads these lines, one or several)
#   ARGUMENTS: WORDS          the program's arguments (compare.sh and bundle.sh read them)
#   FLAGS: OPTIONS            compiler options instead of the usual ones
#   PROCESSES: N              the number of processes that end under ferry; each must have run under ferry (compare.sh)
#   IN A ROOT: WHY            it runs as /inside/program of a root folder of its own (compare.sh)
#   NOT UNDER AN EMULATOR: WHY
#   NOT WITH 16 KB PAGES: WHY not with --page-size=16384, nor on the machine
#   ONLY ON THE MACHINE: WHY
#   NOT ON THE MACHINE: WHY   all other cases also run there (./dev test machine)
set(case_flags -O1 -fno-pic -no-pie -static -w -march=i686 -mno-sse -U_FORTIFY_SOURCE)
find_program(NASM nasm)
file(GLOB cases CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cases/*.c ${CMAKE_CURRENT_SOURCE_DIR}/cases/*.asm)
set(case_binaries)
foreach(source ${cases})
  get_filename_component(name ${source} NAME_WE)
  get_filename_component(extension ${source} EXT)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  set(binary ${CMAKE_CURRENT_BINARY_DIR}/cases/${name})
  file(STRINGS ${source} flags REGEX "^//FLAGS: ")
  file(STRINGS ${source} not_emulated REGEX "^(//|;)NOT UNDER AN EMULATOR: ")
  file(STRINGS ${source} machine_only REGEX "^(//|;)ONLY ON THE MACHINE: ")
  file(STRINGS ${source} small_pages REGEX "^(//|;)NOT WITH 16 KB PAGES: ")
  set(pages "-" 16384)
  if(small_pages)
    set(pages "-")
  endif()
  if(extension STREQUAL ".c")
    set(options ${case_flags})
    if(flags)
      string(REPLACE "//FLAGS: " "" flags "${flags}")
      separate_arguments(options UNIX_COMMAND "${flags}")
    endif()
    add_custom_command(OUTPUT ${binary}
      COMMAND ${I386_CC} ${options} -o ${binary} ${source} DEPENDS ${source} VERBATIM)
  elseif(NASM)
    add_custom_command(OUTPUT ${binary}
      COMMAND ${NASM} -f bin -o ${binary} ${source} COMMAND chmod +x ${binary} DEPENDS ${source} VERBATIM)
  else()
    continue()
  endif()
  list(APPEND case_binaries ${binary})
  if(machine_only OR (not_emulated AND CMAKE_CROSSCOMPILING_EMULATOR))
    continue()
  endif()
  foreach(page ${pages})
    set(options -p ${page})
    if(page STREQUAL "-")
      set(page)
      set(options)
    endif()
    add_test(NAME linux_case_${name}${page}
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/compare.sh ${binary}
                     ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:ferry> ${options})
    set_tests_properties(linux_case_${name}${page} PROPERTIES
      ENVIRONMENT "RUNNER=${runner};CASE=${source}" TIMEOUT 600)
  endforeach()
endforeach()
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/cases)
add_custom_target(linux_cases ALL DEPENDS ${case_binaries})
