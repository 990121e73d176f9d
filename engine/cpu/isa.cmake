# mosaic_isa_sources(TARGET file...): compiles each file once per instruction set the program chooses among at
# run time (isa.h) and adds the objects to TARGET. The macro MOSAIC_ISA (baseline, avx2 or avx512) names the
# namespace the file's code lives in: `namespace mosaic::kernels::MOSAIC_ISA`. Such files must not let an inline
# function shared with other files be emitted (nothing of std): the linker keeps one copy of those, and it may
# be the one an old processor cannot run. The test isa_symbols checks it.
set(MOSAIC_ISAS baseline)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  list(APPEND MOSAIC_ISAS avx2 avx512)
endif()
set(MOSAIC_FLAGS_baseline "")
set(MOSAIC_FLAGS_avx2 -mavx2 -mfma)
set(MOSAIC_FLAGS_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma)

function(mosaic_isa_sources target)
  foreach(isa IN LISTS MOSAIC_ISAS)
    set(objects ${target}_${isa})
    if(NOT TARGET ${objects})
      add_library(${objects} OBJECT)
      target_compile_features(${objects} PRIVATE cxx_std_20)
      target_compile_definitions(${objects} PRIVATE MOSAIC_ISA=${isa})
      # Contraction makes a * b + c one FMA where the instruction set has it.
      target_compile_options(${objects} PRIVATE -ffp-contract=fast ${MOSAIC_FLAGS_${isa}})
      target_include_directories(${objects} PRIVATE ${PROJECT_SOURCE_DIR})
      target_link_libraries(${objects} PRIVATE mosaic_flags)
      target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
    endif()
    target_sources(${objects} PRIVATE ${ARGN})
  endforeach()
endfunction()
