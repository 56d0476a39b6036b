# countersign_embed(TARGET FILE SYMBOL): the file's bytes as `const char SYMBOL[]` and `const size_t SYMBOL_size`
# in the target, so that there is one source and nothing to look for at run time.
function(countersign_embed target file symbol)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(READ ${source} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
  file(CONFIGURE OUTPUT ${generated} CONTENT
"#include <stddef.h>
extern const char ${symbol}[];
extern const size_t ${symbol}_size;
const char ${symbol}[] = {${bytes}0x00};
const size_t ${symbol}_size = sizeof ${symbol} - 1;
" @ONLY)
  target_sources(${target} PRIVATE ${generated})
endfunction()
