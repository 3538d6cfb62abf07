# Sets Capstone_FOUND and, if the library is found, makes the target Capstone::Capstone. Only logs and tests use Capstone.
if(CMAKE_CROSSCOMPILING)
  # The headers are the same everywhere; the library comes from the MIPS64 packages that ./dev unpacks.
  find_path(CAPSTONE_INCLUDE_DIR capstone/capstone.h
            PATHS ${CMAKE_SOURCE_DIR}/.cache/mips64el-root/usr/include NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
  find_library(CAPSTONE_LIBRARY libcapstone.a
               PATHS ${CMAKE_SOURCE_DIR}/.cache/mips64el-root/usr/lib/mips64el-linux-gnuabi64
               NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
elseif(FERRY_HOST_MIPS64)
  find_path(CAPSTONE_INCLUDE_DIR capstone/capstone.h)
  find_library(CAPSTONE_LIBRARY libcapstone.a)
else()
  find_path(CAPSTONE_INCLUDE_DIR capstone/capstone.h)
  find_library(CAPSTONE_LIBRARY capstone)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Capstone REQUIRED_VARS CAPSTONE_LIBRARY CAPSTONE_INCLUDE_DIR)
if(Capstone_FOUND AND NOT TARGET Capstone::Capstone)
  add_library(Capstone::Capstone UNKNOWN IMPORTED)
  set_target_properties(Capstone::Capstone PROPERTIES IMPORTED_LOCATION ${CAPSTONE_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${CAPSTONE_INCLUDE_DIR})
endif()
