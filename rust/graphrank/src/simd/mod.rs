//! One source, compiled for three instruction sets, chosen when the program runs.
//!
//! The crate is built for any processor of its architecture. A [`Kernel`] is ordinary code over fixed arrays such as
//! `[f32; 16]`, which the compiler turns into vector instructions; [`Isa::run`] holds it compiled for AVX-512, for AVX2
//! and for the baseline, and jumps to the best that the processor has.
//!
//! All three give the same bits: lanes do not mix, sums keep the order in which they are written, and the compiler does
//! not fuse a product into a sum. What has an instruction of its own, the conversions of 16-bit floats, is in [`Simd`],
//! and rounds alike everywhere.

#[cfg(target_arch = "x86_64")]
mod x86;

use std::sync::OnceLock;

/// Lanes that kernels work in; the widest registers hold so many 32-bit floats.
pub(crate) const LANES: usize = 16;

/// Code to be compiled for every instruction set. Implementations carry `#[inline(always)]`: a call would leave the
/// instruction set behind.
pub(crate) trait Kernel {
    type Output;

    fn run<S: Simd>(self) -> Self::Output;
}

/// The instructions that kernels name themselves. A [`Simd::Vector`] is [`LANES`] floats of 32 bits in registers; sums that
/// loop over rows are kept in them, because the compiler finds registers for plain arrays only sometimes.
pub(crate) trait Simd {
    type Vector: Copy;

    /// How many sums of products to keep at once: as many as hide the time that an addition takes and leave registers
    /// for what is added. Measured on products of rows of 128 numbers.
    const SUMS: usize;

    fn splat(x: f32) -> Self::Vector;

    fn load(lanes: &[f32; LANES]) -> Self::Vector;

    fn store(vector: Self::Vector) -> [f32; LANES];

    fn add(a: Self::Vector, b: Self::Vector) -> Self::Vector;

    fn mul(a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// A bit for each lane of `a` that is not below that of `b`; a NaN is not below anything.
    fn not_below(a: Self::Vector, b: Self::Vector) -> u16;

    fn load_signs(lanes: &[i8; LANES]) -> Self::Vector;

    /// 16-bit floats (IEEE 754 binary16); finite values only.
    fn load_halves(lanes: &[u16; LANES]) -> Self::Vector;

    /// The nearest 16-bit floats, ties to even; values beyond the largest, 65,504, become infinite.
    fn store_halves(vector: Self::Vector) -> [u16; LANES];
}

/// Asks for `n` values to be brought near, because they are read soon. Nothing is read: the address may be anyone's.
#[inline(always)]
pub(crate) fn prefetch<T>(at: *const T, n: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        const LINE: usize = 64;
        for line in 0..(n * size_of::<T>()).div_ceil(LINE) {
            #[expect(unsafe_code, reason = "rows from memory wait four times as long without it")]
            // SAFETY: every x86-64 processor has the instruction, which reads nothing the program can observe.
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(at.cast::<i8>().wrapping_add(line * LINE));
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (at, n);
}

/// Rows and columns of a small square changed places.
#[inline(always)]
pub(crate) fn turned(square: [[f32; 4]; 4]) -> [[f32; 4]; 4] {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{__m128, _mm_movehl_ps, _mm_movelh_ps, _mm_unpackhi_ps, _mm_unpacklo_ps};
        use std::mem::transmute;
        #[expect(
            unsafe_code,
            reason = "the compiler turns it number by number, which takes three times as long"
        )]
        // SAFETY: every x86-64 processor has the instructions; both types have the same size and any bits are values.
        unsafe {
            let [a, b, c, d] = transmute::<[[f32; 4]; 4], [__m128; 4]>(square);
            let (low_ab, low_cd) = (_mm_unpacklo_ps(a, b), _mm_unpacklo_ps(c, d));
            let (high_ab, high_cd) = (_mm_unpackhi_ps(a, b), _mm_unpackhi_ps(c, d));
            transmute::<[__m128; 4], [[f32; 4]; 4]>([
                _mm_movelh_ps(low_ab, low_cd),
                _mm_movehl_ps(low_cd, low_ab),
                _mm_movelh_ps(high_ab, high_cd),
                _mm_movehl_ps(high_cd, high_ab),
            ])
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::array::from_fn(|i| std::array::from_fn(|j| square[j][i]))
}

/// An instruction set that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Isa(Set);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// The widest one.
    pub(crate) fn best() -> Self {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| Self::available().last().copied().unwrap_or(Self(Set::Baseline)))
    }

    /// All of them, the widest last.
    pub(crate) fn available() -> Vec<Self> {
        let mut sets = vec![Self(Set::Baseline)];
        #[cfg(target_arch = "x86_64")]
        {
            let has_avx2 = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("f16c")
                && is_x86_feature_detected!("popcnt")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("lzcnt");
            if has_avx2 {
                sets.push(Self(Set::Avx2));
            }
            if has_avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
            {
                sets.push(Self(Set::Avx512));
            }
        }
        sets
    }

    /// Runs `kernel`, compiled for this instruction set.
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Set::Baseline => kernel.run::<Baseline>(),
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "the wheel runs anywhere, so the instruction set is chosen here")]
            // SAFETY: `available` is the only maker of these, after it asked the processor.
            Set::Avx2 => unsafe { x86::avx2(kernel) },
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "the wheel runs anywhere, so the instruction set is chosen here")]
            // SAFETY: as above.
            Set::Avx512 => unsafe { x86::avx512(kernel) },
        }
    }
}

/// What the crate is compiled for.
pub(crate) struct Baseline;

impl Simd for Baseline {
    type Vector = [f32; LANES];

    const SUMS: usize = 2;

    #[inline(always)]
    fn splat(x: f32) -> Self::Vector {
        [x; LANES]
    }

    #[inline(always)]
    fn load(lanes: &[f32; LANES]) -> Self::Vector {
        *lanes
    }

    #[inline(always)]
    fn store(vector: Self::Vector) -> [f32; LANES] {
        vector
    }

    #[inline(always)]
    fn add(a: Self::Vector, b: Self::Vector) -> Self::Vector {
        std::array::from_fn(|i| a[i] + b[i])
    }

    #[inline(always)]
    fn mul(a: Self::Vector, b: Self::Vector) -> Self::Vector {
        std::array::from_fn(|i| a[i] * b[i])
    }

    #[inline(always)]
    #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "a NaN is not below anything")]
    fn not_below(a: Self::Vector, b: Self::Vector) -> u16 {
        (0..LANES).fold(0, |bits, i| bits | u16::from(!(a[i] < b[i])) << i)
    }

    #[inline(always)]
    fn load_signs(lanes: &[i8; LANES]) -> Self::Vector {
        lanes.map(f32::from)
    }

    #[inline(always)]
    fn load_halves(lanes: &[u16; LANES]) -> Self::Vector {
        // Exponent and fraction moved into their places name 2^-112 of the value, also where it is subnormal.
        let scale = f32::from_bits((127 + 112) << 23);
        lanes.map(|half| {
            let magnitude = f32::from_bits(u32::from(half & 0x7fff) << 13) * scale;
            f32::from_bits(magnitude.to_bits() | u32::from(half & 0x8000) << 16)
        })
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the value has 15 bits by construction")]
    fn store_halves(vector: Self::Vector) -> [u16; LANES] {
        vector.map(|single| {
            let (bits, magnitude) = (single.to_bits(), single.abs());
            // Below the least normal half, adding 2^-1 makes the processor round at a half's last place.
            let subnormal = (magnitude + 0.5).to_bits().wrapping_sub(0.5f32.to_bits());
            let rounded = magnitude.to_bits() + 0xfff + (magnitude.to_bits() >> 13 & 1);
            let normal = (rounded >> 13).wrapping_sub((127 - 15) << 10).min(0x7c00);
            let half = if magnitude < 6.103_515_6e-5 { subnormal } else { normal };
            half as u16 | (bits >> 16 & 0x8000) as u16
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Widen([u16; LANES]);
    struct Narrow([f32; LANES]);

    impl Kernel for Widen {
        type Output = [f32; LANES];

        #[inline(always)]
        fn run<S: Simd>(self) -> [f32; LANES] {
            S::store(S::load_halves(&self.0))
        }
    }

    impl Kernel for Narrow {
        type Output = [u16; LANES];

        #[inline(always)]
        fn run<S: Simd>(self) -> [u16; LANES] {
            S::store_halves(S::load(&self.0))
        }
    }

    struct Multiply([f32; LANES], f32);
    struct Compare([f32; LANES], f32);

    impl Kernel for Multiply {
        type Output = [f32; LANES];

        #[inline(always)]
        fn run<S: Simd>(self) -> [f32; LANES] {
            let (lanes, x) = (S::load(&self.0), S::splat(self.1));
            S::store(S::add(x, S::mul(lanes, lanes)))
        }
    }

    impl Kernel for Compare {
        type Output = u16;

        #[inline(always)]
        fn run<S: Simd>(self) -> u16 {
            S::not_below(S::load(&self.0), S::splat(self.1))
        }
    }

    #[test]
    fn products_are_rounded_before_they_are_added_by_every_instruction_set() {
        let a = [1.0f32, 2.0, 3.0, 5.0].repeat(4);
        let a: [f32; LANES] = std::array::from_fn(|i| 1.0 + a[i] / 4096.0);
        let wanted = a.map(|x| -1.0 + x * x);
        assert_ne!(wanted[0], a[0].mul_add(a[0], -1.0), "the test would not see a fused sum");
        for isa in Isa::available() {
            assert_eq!(isa.run(Multiply(a, -1.0)), wanted, "{isa:?}");
        }
    }

    #[test]
    fn a_square_is_turned() {
        let square =
            std::array::from_fn(|i| std::array::from_fn(|j| f32::from(u8::try_from(10 * i + j).unwrap())));
        let wanted = std::array::from_fn(|i| std::array::from_fn(|j| square[j][i]));
        assert_eq!(turned(square), wanted);
    }

    #[test]
    fn one_lane_that_is_not_below_is_seen_wherever_it_is() {
        for isa in Isa::available() {
            assert_eq!(isa.run(Compare([0.5; LANES], 1.0)), 0, "{isa:?}");
            for lane in 0..LANES {
                for high in [1.0, 2.0, f32::INFINITY, f32::NAN] {
                    let mut lanes = [0.5; LANES];
                    lanes[lane] = high;
                    assert_eq!(isa.run(Compare(lanes, 1.0)), 1 << lane, "{isa:?} {lane} {high}");
                }
            }
            assert_eq!(isa.run(Compare([0.5; LANES], f32::NAN)), u16::MAX, "{isa:?}");
        }
    }

    /// Every finite half is what its definition says, and comes back; what lies between two goes to the nearer one.
    #[test]
    fn halves_are_converted_alike_by_every_instruction_set() {
        let finite = (0..=u16::MAX).filter(|half| half & 0x7c00 != 0x7c00);
        for isa in Isa::available() {
            for half in finite.clone() {
                let (exponent, fraction) = (i32::from(half >> 10 & 31), f64::from(half & 1023) / 1024.0);
                let magnitude = if exponent == 0 {
                    fraction / 16384.0
                } else {
                    (1.0 + fraction) * 2f64.powi(exponent - 15)
                };
                let value = if half < 0x8000 { magnitude } else { -magnitude };
                let single = isa.run(Widen([half; LANES]))[3];
                assert_eq!(f64::from(single), value, "{isa:?} {half:#x}");
                assert_eq!(isa.run(Narrow([single; LANES]))[7], half, "{isa:?} {half:#x}");
                if half & 0x7fff < 0x7bff && half & 0x7fff > 0 {
                    let next = isa.run(Widen([half + 1; LANES]))[0];
                    let middle = f32::midpoint(single, next);
                    let even = half + (half & 1);
                    assert_eq!(
                        isa.run(Narrow([middle; LANES]))[0],
                        even,
                        "{isa:?} {half:#x}: ties go to even"
                    );
                    let (toward, away) = (f32::midpoint(middle, single), f32::midpoint(middle, next));
                    assert_eq!(isa.run(Narrow([toward; LANES]))[0], half);
                    assert_eq!(isa.run(Narrow([away; LANES]))[0], half + 1);
                }
            }
            assert_eq!(
                isa.run(Narrow([
                    1e-9, -1e-9, 0.0, -0.0, 65504.0, 65519.0, 65520.0, 1e9, 1e-8, 3e-8, 0.0, 0.0, 0.0, 0.0,
                    0.0, -1e9
                ]))[..10],
                [0, 0x8000, 0, 0x8000, 0x7bff, 0x7bff, 0x7c00, 0x7c00, 0, 1],
                "{isa:?}"
            );
        }
    }
}
