//! The two instruction sets of x86-64 beyond its baseline.

#![expect(unsafe_code, reason = "registers are named by the processor's own instructions")]

use std::arch::x86_64::{
    __m128i, __m256, __m256i, __m512, _CMP_NLT_UQ, _MM_FROUND_TO_NEAREST_INT, _mm_loadu_si128, _mm256_add_ps,
    _mm256_cmp_ps, _mm256_cvtepi8_epi32, _mm256_cvtepi32_ps, _mm256_cvtph_ps, _mm256_cvtps_ph,
    _mm256_movemask_ps, _mm256_mul_ps, _mm256_set1_ps, _mm512_add_ps, _mm512_cmp_ps_mask,
    _mm512_cvtepi8_epi32, _mm512_cvtepi32_ps, _mm512_cvtph_ps, _mm512_cvtps_ph, _mm512_loadu_ps,
    _mm512_mul_ps, _mm512_set1_ps,
};
use std::mem::transmute;

use super::{Kernel, LANES, Simd};

struct Avx2;
struct Avx512;

#[target_feature(enable = "avx2,f16c,popcnt,bmi1,bmi2,lzcnt")]
pub(super) fn avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,f16c,popcnt,bmi1,bmi2,lzcnt")]
pub(super) fn avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512>()
}

// SAFETY of all that follows: only the two functions above run kernels with these types, so the processor has the
// instructions; arrays and vectors that are transmuted have the same size and any bits are values of both.

impl Simd for Avx2 {
    type Vector = [__m256; 2];

    const SUMS: usize = 4;

    #[inline(always)]
    fn splat(x: f32) -> Self::Vector {
        unsafe { [_mm256_set1_ps(x); 2] }
    }

    #[inline(always)]
    fn load(lanes: &[f32; LANES]) -> Self::Vector {
        unsafe { transmute::<[f32; LANES], [__m256; 2]>(*lanes) }
    }

    #[inline(always)]
    fn store(vector: Self::Vector) -> [f32; LANES] {
        unsafe { transmute::<[__m256; 2], [f32; LANES]>(vector) }
    }

    #[inline(always)]
    fn add(a: Self::Vector, b: Self::Vector) -> Self::Vector {
        unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn mul(a: Self::Vector, b: Self::Vector) -> Self::Vector {
        unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
    }

    #[inline(always)]
    #[expect(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "masks of 8 bits")]
    fn not_below(a: Self::Vector, b: Self::Vector) -> u16 {
        unsafe {
            let low = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NLT_UQ>(a[0], b[0]));
            let high = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NLT_UQ>(a[1], b[1]));
            (low | high << 8) as u16
        }
    }

    #[inline(always)]
    fn load_signs(lanes: &[i8; LANES]) -> Self::Vector {
        unsafe {
            let [low, high] = transmute::<[i8; LANES], [u64; 2]>(*lanes);
            [low, high].map(|half| {
                let half = transmute::<[u64; 2], __m128i>([half, 0]);
                _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(half))
            })
        }
    }

    #[inline(always)]
    fn load_halves(lanes: &[u16; LANES]) -> Self::Vector {
        unsafe {
            let [low, high] = transmute::<[u16; LANES], [__m128i; 2]>(*lanes);
            [_mm256_cvtph_ps(low), _mm256_cvtph_ps(high)]
        }
    }

    #[inline(always)]
    fn store_halves(vector: Self::Vector) -> [u16; LANES] {
        unsafe {
            let low = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(vector[0]);
            let high = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(vector[1]);
            transmute::<[__m128i; 2], [u16; LANES]>([low, high])
        }
    }
}

impl Simd for Avx512 {
    type Vector = __m512;

    const SUMS: usize = 12;

    #[inline(always)]
    fn splat(x: f32) -> Self::Vector {
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    fn load(lanes: &[f32; LANES]) -> Self::Vector {
        unsafe { _mm512_loadu_ps(lanes.as_ptr()) }
    }

    #[inline(always)]
    fn store(vector: Self::Vector) -> [f32; LANES] {
        unsafe { transmute::<__m512, [f32; LANES]>(vector) }
    }

    #[inline(always)]
    fn add(a: Self::Vector, b: Self::Vector) -> Self::Vector {
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn mul(a: Self::Vector, b: Self::Vector) -> Self::Vector {
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn not_below(a: Self::Vector, b: Self::Vector) -> u16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(a, b) }
    }

    #[inline(always)]
    fn load_signs(lanes: &[i8; LANES]) -> Self::Vector {
        unsafe { _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(lanes.as_ptr().cast()))) }
    }

    #[inline(always)]
    fn load_halves(lanes: &[u16; LANES]) -> Self::Vector {
        unsafe { _mm512_cvtph_ps(transmute::<[u16; LANES], __m256i>(*lanes)) }
    }

    #[inline(always)]
    fn store_halves(vector: Self::Vector) -> [u16; LANES] {
        unsafe {
            let halves = _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(vector);
            transmute::<__m256i, [u16; LANES]>(halves)
        }
    }
}
