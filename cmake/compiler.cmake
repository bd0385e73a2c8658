# How every target is compiled and linked.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wmissing-declarations -Wswitch-enum -Werror
                    -Wno-missing-field-initializers -Wno-missing-designated-field-initializers)
add_compile_options($<$<CONFIG:Debug>:-O1> -fno-omit-frame-pointer)
add_link_options(-fuse-ld=lld-19)
# The release binary is linked statically with the C++ library so that it runs on any Debian 12, and with the
# libraries that Debian has as archives: finding and relocating thirty shared ones takes longer than most of what a
# region does at its start.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -ffunction-sections -fdata-sections")
add_link_options($<$<CONFIG:Release>:-Wl,--gc-sections,--as-needed,-z,pack-relative-relocs>)
# What is the same is there once.
add_link_options($<$<CONFIG:Release>:-Wl,--icf=safe>)
# The compiler is told which ways requests take, as programs of the preset `profile` counted them: what they run is
# laid out together and apart from what they do not (docs/decisions/0017).
set(HOLM_PROFILE "${CMAKE_SOURCE_DIR}/cmake/release.profdata")
# A function of one file is called after the file, without the folders of whoever counted.
if(CMAKE_BUILD_TYPE STREQUAL Release)
  add_compile_options("SHELL:-mllvm -static-func-full-module-prefix=false")
endif()
if(HOLM_COUNT)
  add_compile_options(-fprofile-generate)
  add_link_options(-fprofile-generate)
elseif(CMAKE_BUILD_TYPE STREQUAL Release)
  # Called after what is in it, as files that were compiled with another one cannot be linked with these.
  file(SHA256 ${HOLM_PROFILE} HOLM_PROFILE_HASH)
  set(HOLM_PROFILE_COPY ${CMAKE_BINARY_DIR}/${HOLM_PROFILE_HASH}.profdata)
  file(COPY_FILE ${HOLM_PROFILE} ${HOLM_PROFILE_COPY} ONLY_IF_DIFFERENT)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${HOLM_PROFILE})
  # What has changed since is compiled without.
  add_compile_options(-fprofile-use=${HOLM_PROFILE_COPY} -Wno-profile-instr-out-of-date -Wno-profile-instr-unprofiled
                      -Wno-profile-instr-missing -Wno-backend-plugin)
  # And it may put functions of other files where they are called (docs/decisions/0019).
  add_compile_options(-flto=thin)
  add_link_options(-flto=thin -Wl,--thinlto-cache-dir=${CMAKE_BINARY_DIR}/lto
                   -Wl,--thinlto-cache-policy=cache_size_bytes=2g)
endif()
if(CMAKE_BUILD_TYPE STREQUAL Release)
  foreach(name archive bz2 expat gcrypt gpg-error lzma nettle nghttp2 pcre2-8 re2 seccomp sqlite3 yaml z zstd)
    find_library(HOLM_ARCHIVE_${name} lib${name}.a REQUIRED)
    add_library(${name} STATIC IMPORTED)
    set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${HOLM_ARCHIVE_${name}})
  endforeach()
  target_link_libraries(archive INTERFACE nettle bz2 lzma z zstd)
  target_link_libraries(gcrypt INTERFACE gpg-error)
endif()
if(HOLM_SANITIZE)
  add_compile_options(-fsanitize=${HOLM_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HOLM_SANITIZE})
endif()
if(HOLM_FUZZ)
  # Everything is instrumented, or a harness sees only its own few branches.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
include_directories(${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/gen)
find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
