# service(NAME [DEPENDS targets...] [LIBRARIES libs...]): one AWS service, the folder src/services/NAME. Generates its
# types, schema and dispatch table from the model and operations.list, and makes the library service_NAME of them and
# of *.cc; *_test.cc is the program service_NAME_test. `#include "NAME/operations.h"` works in every service.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# Where botocore's models are: the package that `make deps` installs, of the version that tools/requirements.txt pins.
set(HOLM_BOTOCORE "" CACHE PATH "The data directory of the botocore package")
if(NOT HOLM_BOTOCORE)
  set(venv ${CMAKE_SOURCE_DIR}/build/venv)
  file(GLOB found ${venv}/lib/python3*/site-packages/botocore/data)
  if(NOT found)
    file(STRINGS ${CMAKE_SOURCE_DIR}/tools/requirements.txt pin REGEX "^botocore==")
    message(STATUS "Installing ${pin} for the service models")
    execute_process(COMMAND ${Python3_EXECUTABLE} -m venv ${venv} COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND ${venv}/bin/pip install --quiet --disable-pip-version-check --no-deps ${pin}
                    COMMAND_ERROR_IS_FATAL ANY)
    file(GLOB found ${venv}/lib/python3*/site-packages/botocore/data)
  endif()
  list(GET found 0 found)
  set(HOLM_BOTOCORE ${found} CACHE PATH "The data directory of the botocore package" FORCE)
endif()

file(GLOB HOLM_CODEGEN CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/codegen/*.py)
# Every service's generated headers; services include each other's.
add_custom_target(generated)

add_test(NAME codegen_golden COMMAND ${Python3_EXECUTABLE} codegen_test.py WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/codegen)
add_test(NAME coverage COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/coverage.py --models ${HOLM_BOTOCORE} --check)
set_tests_properties(codegen_golden coverage PROPERTIES ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)

function(service name)
  cmake_parse_arguments(S "" "" "DEPENDS;LIBRARIES" ${ARGN})
  set(folder ${CMAKE_SOURCE_DIR}/src/services/${name})
  set(out ${CMAKE_BINARY_DIR}/gen/${name})
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
  file(GLOB read CONFIGURE_DEPENDS ${folder}/*.cc ${folder}/*.h ${folder}/schema.sql
       ${CMAKE_SOURCE_DIR}/models/patches/${name}.json)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$")

  # Reads the handlers too: they say which members of requests are honoured. Files that do not change are not
  # written, so little is compiled anew.
  set(headers ${out}/types.h ${out}/operations.h ${out}/errors.h ${out}/schema.h ${out}/handlers.h
      ${out}/migrations.h)
  set(generated ${out}/schema.cc ${out}/honoured.cc ${out}/table.cc ${out}/migrations.cc)
  add_custom_command(
    OUTPUT ${headers} ${generated}
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/codegen/generate.py ${name}
            --services ${CMAKE_SOURCE_DIR}/src/services --models ${HOLM_BOTOCORE}
            --patches ${CMAKE_SOURCE_DIR}/models/patches --output ${CMAKE_BINARY_DIR}/gen
    DEPENDS ${HOLM_CODEGEN} ${folder}/operations.list ${read}
    COMMENT "Generating ${name}")
  add_custom_target(generated_${name} DEPENDS ${headers} ${generated})
  add_dependencies(generated generated_${name})
  # Tables of constants and accessors: warnings and debug information would say nothing, offsetof is meant, and
  # the address sanitizer multiplies the time by five (the thread sanitizer has to see everything).
  set(options -w -g0)
  if(HOLM_SANITIZE MATCHES address)
    list(APPEND options -O0 -fno-sanitize=all)
  endif()
  set_source_files_properties(${generated} PROPERTIES COMPILE_OPTIONS "${options}" SKIP_PRECOMPILE_HEADERS ON)

  add_library(service_${name} STATIC ${sources} ${generated})
  target_link_libraries(service_${name} PUBLIC aws_service aws_schema sql ${S_DEPENDS} ${S_LIBRARIES})
  add_dependencies(service_${name} generated)
  # Handlers wait for others more than they compute, and there are many: optimising them costs the time of every
  # developer and saves none of the daemon's.
  target_compile_options(service_${name} PRIVATE $<$<CONFIG:Debug>:-O0>)
  precompile(service_${name} "${sources}" ${out}/handlers.h)
  if(tests)
    add_executable(service_${name}_test ${tests})
    target_link_libraries(service_${name}_test PRIVATE service_${name} GTest::gtest GTest::gtest_main)
    target_include_directories(service_${name}_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_compile_options(service_${name}_test PRIVATE $<$<CONFIG:Debug>:-O0>)
    add_dependencies(service_${name}_test generated)
    precompile(service_${name}_test "${tests}" <gtest/gtest.h> ${out}/handlers.h)
    add_test(NAME service_${name} COMMAND service_${name}_test WORKING_DIRECTORY ${folder})
    set_tests_properties(service_${name} PROPERTIES TIMEOUT 300)
  endif()
  fuzz_harnesses(service_${name} service_${name} ${fuzzers})
endfunction()
