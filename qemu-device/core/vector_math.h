/* SPDX-License-Identifier: MIT */
/*
 * The transcendental functions, normative: this sequence of fp32 operations is what the vector
 * engine computes. For vector_impl.h.
 */
#ifndef AXON_VECTOR_MATH_H
#define AXON_VECTOR_MATH_H

#include "vector_simd.h"

/* Adding and subtracting it rounds to an integer and leaves that in the low bits. */
#define V_ROUNDER 0x1.8p23f

/* e^x: x = k·ln 2 + r, |r| <= ln 2 / 2. */
static inline vf v_exp(vf x)
{
	vf t = v_clamp(x, -104.0f, 89.0f);
	vf k, r, p;
	vi n;

	k = v_fma(t, v_splat(0x1.715476p+0f), v_splat(V_ROUNDER));
	n = (vi)k - (vi)v_splat(V_ROUNDER);
	k = k - V_ROUNDER;
	r = v_fma(k, v_splat(-0x1.62e400p-1f), t);
	r = v_fma(k, v_splat(-0x1.7f7d1cp-20f), r);
	p = v_splat(0x1.694000p-10f);
	p = v_fma(p, r, v_splat(0x1.125edcp-7f));
	p = v_fma(p, r, v_splat(0x1.555b5ap-5f));
	p = v_fma(p, r, v_splat(0x1.555450p-3f));
	p = v_fma(p, r, v_splat(0x1.fffff6p-2f));
	p = v_fma(p, r, v_splat(1.0f));
	p = v_fma(p, r, v_splat(1.0f));
	return v_scale(p, k, n);
}

/* ln x: x = 2^e·(1 + m), m in [-1/3, 1/3]. */
static inline vf v_log(vf x)
{
	vi tiny = x < 0x1p-126f;
	vf a = v_select(tiny, x * 0x1p23f, x);
	vf i = v_select(tiny, v_splat(-23.0f), v_splat(0.0f));
	vi e = (vi)(((vu)a - 0x3f2aaaabu) & 0xff800000u);
	vf m = (vf)((vu)a - (vu)e) - 1.0f;
	vf s = m * m;
	vf r, t;

	i = v_fma(__builtin_convertvector(e, vf), v_splat(0x1p-23f), i);
	r = v_splat(-0x1.0ae000p-3f);
	t = v_splat(0x1.208000p-3f);
	r = v_fma(r, s, v_splat(-0x1.f19968p-4f));
	t = v_fma(t, s, v_splat(0x1.1e5740p-3f));
	r = v_fma(r, s, v_splat(-0x1.55b362p-3f));
	t = v_fma(t, s, v_splat(0x1.99d8b2p-3f));
	r = v_fma(r, s, v_splat(-0x1.fffe02p-3f));
	r = v_fma(t, m, r);
	r = v_fma(r, m, v_splat(0x1.5554fap-2f));
	r = v_fma(r, m, v_splat(-0.5f));
	r = v_fma(r, s, m);
	r = v_fma(i, v_splat(0x1.62e430p-1f), r);

	r = v_select(x == 0.0f, v_splat(-__builtin_inff()), r);
	r = v_select(x < 0.0f, v_splat(__builtin_nanf("")), r);
	/* infinity and NaN */
	return v_select((x < __builtin_inff()), r, x + x);
}

/* Odd polynomial below 0.625, 1 - 2 / (e^2|x| + 1) above. */
static inline vf v_tanh(vf x)
{
	vf a = (vf)((vi)x & 0x7fffffff);
	vf s = x * x;
	vf p, large;

	p = v_splat(-5.70498872745e-3f);
	p = v_fma(p, s, v_splat(2.06390887954e-2f));
	p = v_fma(p, s, v_splat(-5.37397155531e-2f));
	p = v_fma(p, s, v_splat(1.33314422036e-1f));
	p = v_fma(p, s, v_splat(-3.33332819422e-1f));
	p = v_fma(p * s, x, x);
	large = 1.0f - 2.0f / (v_exp(a + a) + 1.0f);
	large = (vf)((vi)large | ((vi)x & INT32_MIN));
	return v_select(a < 0.625f, p, large);
}

/* Odd polynomial below 475/512, 1 - e^polynomial above. */
static inline vf v_erf(vf x)
{
	vf t = (vf)((vi)x & 0x7fffffff);
	vf s = x * x;
	vf r, u, p;

	r = v_fma(v_splat(-0x1.220000p-16f), t, v_splat(0x1.91cfb2p-12f));
	u = v_fma(v_splat(-0x1.fd1438p-9f), t, v_splat(0x1.8d6342p-6f));
	r = v_fma(r, s, u);
	r = v_fma(r, t, v_splat(-0x1.b55cb8p-4f));
	r = v_fma(r, t, v_splat(-0x1.450aa0p-1f));
	r = v_fma(r, t, v_splat(-0x1.079d0cp-3f));
	r = v_fma(r, t, -t);
	r = 1.0f - v_exp(r);
	/* the polynomial bends back far outside, and infinity makes it NaN */
	r = v_select(t > 4.0f, v_splat(1.0f), r);
	r = (vf)((vi)r | ((vi)x & INT32_MIN));

	p = v_splat(-0x1.38e000p-11f);
	p = v_fma(p, s, v_splat(0x1.471a58p-8f));
	p = v_fma(p, s, v_splat(-0x1.b691b2p-6f));
	p = v_fma(p, s, v_splat(0x1.ce1c44p-4f));
	p = v_fma(p, s, v_splat(-0x1.812700p-2f));
	p = v_fma(p, s, v_splat(0x1.06eba8p-3f));
	p = v_fma(p, x, x);
	return v_select(t > 0x1.dbp-1f, r, p);
}

static inline vf v_sigmoid(vf x)
{
	return 1.0f / (1.0f + v_exp(-x));
}

#endif
