include_guard(GLOBAL)

option(HUBTRAIL_WERROR "Treat warnings as errors (every preset turns this on)" OFF)
set(HUBTRAIL_SANITIZE "" CACHE STRING "Value for -fsanitize=, e.g. address,undefined")

# Flags for our own code only; never exported.
add_library(hubtrail_options INTERFACE)
target_compile_options(hubtrail_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  # GCC 12 sees an overlap in every "text" + std::string (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<BOOL:${HUBTRAIL_WERROR}>:-Werror>)
if(HUBTRAIL_SANITIZE)
  target_compile_options(hubtrail_options INTERFACE
    -fsanitize=${HUBTRAIL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(hubtrail_options INTERFACE -fsanitize=${HUBTRAIL_SANITIZE})
endif()

# hubtrail_layer(name HEADERS ... [SOURCES ...] [DEPENDS ...] [PRIVATE_DEPENDS ...])
#
# Every header listed is public, installed, and compiled on its own by the target
# all_verify_interface_header_sets. A layer without sources is an interface library.
function(hubtrail_layer name)
  cmake_parse_arguments(layer "" "" "HEADERS;SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  if(layer_SOURCES)
    add_library(hubtrail_${name} STATIC ${layer_SOURCES})
    target_sources(hubtrail_${name} PUBLIC
      FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${layer_HEADERS})
    target_link_libraries(hubtrail_${name}
      PUBLIC ${layer_DEPENDS} PRIVATE $<BUILD_INTERFACE:hubtrail_options> ${layer_PRIVATE_DEPENDS})
  else()
    add_library(hubtrail_${name} INTERFACE)
    target_sources(hubtrail_${name} INTERFACE
      FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${layer_HEADERS})
    target_link_libraries(hubtrail_${name} INTERFACE ${layer_DEPENDS})
  endif()
  add_library(hubtrail::${name} ALIAS hubtrail_${name})
  set_target_properties(hubtrail_${name} PROPERTIES
    EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ON)
  set_property(GLOBAL APPEND PROPERTY hubtrail_layers hubtrail_${name})
endfunction()
