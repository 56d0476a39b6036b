# One set of flags for all of our code.  Presets add sanitizers or coverage by CMAKE_C_FLAGS.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

include(CheckPIESupported)
check_pie_supported()

option(COUNTERSIGN_STRICT "Warnings are errors: the developers' presets" OFF)

add_compile_definitions(_GNU_SOURCE)
include_directories(${PROJECT_SOURCE_DIR})
add_compile_options(
  -Wall -Wextra -Wshadow -Wconversion -Wcast-qual -Wmissing-prototypes -Wstrict-prototypes -Wvla
  -Wformat=2 -Wundef -fstack-protector-strong -fcf-protection=full -fno-strict-aliasing
  # Nobody replaces our own functions: the compiler may put them where they are called.
  -fno-semantic-interposition
  # Reproducible: the folder it was built in is not in the binary.
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}=. -ffile-prefix-map=${PROJECT_BINARY_DIR}=build)
add_link_options(-Wl,-z,relro,-z,now -Wl,--as-needed)

if(COUNTERSIGN_STRICT)
  add_compile_options(-Werror)
endif()
if(COUNTERSIGN_SANITIZE)
  # Sanitizers widen every frame with red zones: the limit is for the code as it ships.
  add_compile_options(-fsanitize=${COUNTERSIGN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${COUNTERSIGN_SANITIZE})
else()
  add_compile_options(-Wframe-larger-than=4096)
endif()
if(COUNTERSIGN_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link) # what libFuzzer steers by
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
