# embed(target NAMESPACE files...): each file becomes `extern const std::string_view k<Name>` in the
# header embedded_<target>.h, so that a program is one file. a_b.css is kABCss, 0001_x.sql k0001XSql.
set(EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_file.cmake)
function(embed target namespace)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  set(header "// Files of the folder as constants; generated.\n#pragma once\n#include <string_view>\n")
  string(APPEND header "namespace ${namespace} {\n")
  foreach(file ${ARGN})
    get_filename_component(name ${file} NAME)
    string(REGEX REPLACE "[^A-Za-z0-9]" ";" words ${name})
    set(symbol "k")
    foreach(word ${words})
      string(SUBSTRING ${word} 0 1 first)
      string(SUBSTRING ${word} 1 -1 rest)
      string(TOUPPER ${first} first)
      string(APPEND symbol "${first}${rest}")
    endforeach()
    string(APPEND header "extern const std::string_view ${symbol};\n")
    set(output ${folder}/${symbol}.cc)
    add_custom_command(OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -DINPUT=${CMAKE_CURRENT_SOURCE_DIR}/${file} -DOUTPUT=${output}
              -DSYMBOL=${symbol} -DNAMESPACE=${namespace} -P ${EMBED_SCRIPT}
      DEPENDS ${file} ${EMBED_SCRIPT} VERBATIM)
    target_sources(${target} PRIVATE ${output})
  endforeach()
  file(CONFIGURE OUTPUT ${folder}/embedded_${target}.h CONTENT "${header}}\n" @ONLY)
  target_include_directories(${target} PRIVATE ${folder})
endfunction()
