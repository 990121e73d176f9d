# The CUDA backend as mosaic::cuda: present when nvcc was found and wanted (MOSAIC_HAS_CUDA), else a stand-in that says so.
#
# Its kernels are compiled by nvcc for MOSAIC_CUDA_ARCHITECTURES. Programs that run them in the simulator of
# tests/gpusim (mosaic_simulate) take their PTX: of the same objects when these are for one architecture
# (MOSAIC_CUDA_HAS_PTX), else compiled once more. No inline function is shared with the
# CPU's kernels: in .cu files MOSAIC_ISA names the namespace `gpu`.
set(MOSAIC_CUDA_KERNELS
  cuda/attention.cu cuda/batch_norm_terms.cu cuda/binary_back.cu cuda/conv.cu cuda/elementwise.cu cuda/gemm_terms.cu cuda/index.cu cuda/mix.cu cuda/norm.cu
  cuda/optim.cu cuda/pool.cu cuda/probe.cu cuda/random.cu cuda/reduce.cu cuda/sequence.cu cuda/softmax.cu
  cuda/unary.cu cuda/unary_back.cu)
list(TRANSFORM MOSAIC_CUDA_KERNELS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
set(MOSAIC_CUDA_KERNELS ${MOSAIC_CUDA_KERNELS} CACHE INTERNAL "")

# mosaic_cuda_kernels(TARGET ARCHITECTURES OPTIONS...): an object library of the kernels.
function(mosaic_cuda_kernels target architectures)
  add_library(${target} OBJECT ${MOSAIC_CUDA_KERNELS})
  set_target_properties(${target} PROPERTIES CUDA_ARCHITECTURES "${architectures}" CUDA_STANDARD 20)
  target_compile_definitions(${target} PRIVATE MOSAIC_ISA=gpu)
  # 1675: GCC's loop pragmas in the kernels shared with the CPU.
  target_compile_options(${target} PRIVATE -diag-suppress=1675 -Xcompiler=-Wall,-Wextra
    $<$<BOOL:${MOSAIC_WERROR}>:-Werror=all-warnings> ${ARGN})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
endfunction()

if(NOT MOSAIC_HAS_CUDA)
  mosaic_library(cuda SOURCES cuda/absent.cpp PUBLIC mosaic_core)
  return()
endif()

add_library(mosaic_cuda_host OBJECT
  cuda/code.cpp cuda/cublaslt.cpp cuda/families.cpp cuda/gemm.cpp cuda/library.cpp cuda/present.cpp cuda/runtime.cpp)
# cuDNN is no part of CUDA's toolkit: where its headers are not found, our own kernels are all there is.
find_path(MOSAIC_CUDNN_INCLUDE cudnn.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
mark_as_advanced(MOSAIC_CUDNN_INCLUDE)
set(cudnn_major 0)
if(MOSAIC_CUDNN_INCLUDE)
  file(STRINGS ${MOSAIC_CUDNN_INCLUDE}/cudnn_version.h cudnn_major REGEX "^#define CUDNN_MAJOR ")
  string(REGEX MATCH "[0-9]+" cudnn_major "${cudnn_major}")
endif()
if(cudnn_major EQUAL 9)
  set(MOSAIC_HAS_CUDNN ON CACHE INTERNAL "")
  target_sources(mosaic_cuda_host PRIVATE
    cuda/cudnn.cpp cuda/cudnn_batch_norm.cpp cuda/cudnn_conv.cpp cuda/cudnn_descriptors.cpp cuda/cudnn_pool.cpp)
  target_include_directories(mosaic_cuda_host SYSTEM PRIVATE ${MOSAIC_CUDNN_INCLUDE})
else()
  set(MOSAIC_HAS_CUDNN OFF CACHE INTERNAL "")
  target_sources(mosaic_cuda_host PRIVATE cuda/cudnn_absent.cpp)
endif()
target_compile_features(mosaic_cuda_host PRIVATE cxx_std_20)
# Which code the program holds, for messages.
list(JOIN MOSAIC_CUDA_ARCHITECTURES "," architectures)
set_source_files_properties(cuda/code.cpp PROPERTIES COMPILE_DEFINITIONS MOSAIC_CUDA_CODE="${architectures}")
target_include_directories(mosaic_cuda_host PRIVATE ${PROJECT_SOURCE_DIR})
target_include_directories(mosaic_cuda_host SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
target_link_libraries(mosaic_cuda_host PRIVATE mosaic_flags)
set(MOSAIC_CUDA_PTX_OPTIONS -no-compress -lineinfo CACHE INTERNAL "")
if(MOSAIC_CUDA_ARCHITECTURES STREQUAL "80" AND MOSAIC_TESTS)
  set(MOSAIC_CUDA_HAS_PTX ON CACHE INTERNAL "")
  mosaic_cuda_kernels(mosaic_cuda_kernels "${MOSAIC_CUDA_ARCHITECTURES}" ${MOSAIC_CUDA_PTX_OPTIONS} -Xptxas=-v)
  # What ptxas says goes to a file beside the object, for the test of it.
  set_target_properties(mosaic_cuda_kernels PROPERTIES
    RULE_LAUNCH_COMPILE "${CMAKE_CURRENT_SOURCE_DIR}/cuda/ptxas_log.sh <OBJECT>")
else()
  set(MOSAIC_CUDA_HAS_PTX OFF CACHE INTERNAL "")
  mosaic_cuda_kernels(mosaic_cuda_kernels "${MOSAIC_CUDA_ARCHITECTURES}")
endif()
mosaic_library(cuda
  SOURCES $<TARGET_OBJECTS:mosaic_cuda_host> $<TARGET_OBJECTS:mosaic_cuda_kernels>
  PUBLIC mosaic_core
  PRIVATE CUDA::cudart_static)
# Linked as C++: nothing needs nvcc's device linker.
set_target_properties(mosaic_cuda PROPERTIES LINKER_LANGUAGE CXX CUDA_RESOLVE_DEVICE_SYMBOLS OFF)
