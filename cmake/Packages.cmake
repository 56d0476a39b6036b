# What Debian 12 gives.  A missing package is one clear sentence that names it.
find_package(Threads REQUIRED)
find_package(PkgConfig)
if(NOT PkgConfig_FOUND)
  message(FATAL_ERROR "pkg-config is missing: apt-get install pkg-config")
endif()

function(countersign_package target module package)
  pkg_check_modules(${target} IMPORTED_TARGET GLOBAL ${module})
  if(NOT ${target}_FOUND)
    message(FATAL_ERROR "${module} is missing: apt-get install ${package}")
  endif()
endfunction()

function(countersign_header header package)
  string(MAKE_C_IDENTIFIER "HAVE_${header}" found)
  find_file(${found} ${header})
  if(NOT ${found})
    message(FATAL_ERROR "${header} is missing: apt-get install ${package}")
  endif()
endfunction()

countersign_package(CURL libcurl libcurl4-openssl-dev)
countersign_package(JANSSON jansson libjansson-dev)
countersign_package(YAML yaml-0.1 libyaml-dev)
countersign_package(OPENSSL openssl libssl-dev)
countersign_header(uthash.h uthash-dev)

# CivetWeb's own config file adds definitions that we do not want; it has no .pc file.
countersign_header(civetweb.h libcivetweb-dev)
find_library(CIVETWEB_LIBRARY civetweb)
if(NOT CIVETWEB_LIBRARY)
  message(FATAL_ERROR "libcivetweb is missing: apt-get install libcivetweb-dev")
endif()
