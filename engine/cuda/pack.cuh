// Neighbouring elements that travel together: one load or store of up to 16 bytes.
#pragma once

namespace mosaic::kernels::MOSAIC_ISA {

template <class T, int Width>
struct alignas(Width * sizeof(T) < 16 ? Width * sizeof(T) : 16) Pack {
  T at[Width];

  __device__ __forceinline__ static Pack load(const T* from) { return *reinterpret_cast<const Pack*>(from); }
  __device__ __forceinline__ void store(T* to) const { *reinterpret_cast<Pack*>(to) = *this; }
  __device__ __forceinline__ static Pack filled(T value) {
    Pack pack;
#pragma unroll
    for (int i = 0; i < Width; ++i) pack.at[i] = value;
    return pack;
  }
};

// How many elements of the largest type are 16 bytes; no more than registers have room for: eight, of three
// operands four, of four operands of two bytes two.
template <class T, class... More>
inline constexpr int pack_width = [] {
  int largest = sizeof(T);
  ((largest = static_cast<int>(sizeof(More)) > largest ? static_cast<int>(sizeof(More)) : largest), ...);
  const int most = sizeof...(More) < 2 ? 8 : sizeof...(More) < 3 || largest > 2 ? 4 : 2;
  return 16 / largest < most ? 16 / largest : most;
}();

}  // namespace mosaic::kernels::MOSAIC_ISA
