/* SHA-256 (FIPS 180-4) in C11, with the processor's own instructions where x86 has them. No Python, no allocation.
 *
 * `sha256_start` must run once before anything else: it finds out what the processor can. `_pack.pyx` includes this file;
 * `tests/store/test_packing.py` compares both forms with hashlib.
 */
#ifndef MINGCHA_SHA256_H
#define MINGCHA_SHA256_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SHA256_BLOCK 64
#define SHA256_SIZE 32

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes; FIPS 180-4 §4.2.2. */
static const uint32_t SHA256_K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

typedef void (*sha256_form)(uint32_t state[8], const uint8_t *p, size_t blocks);

static inline uint32_t sha256_turn(uint32_t x, int by) { return x >> by | x << (32 - by); }

static inline uint32_t sha256_word(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void sha256_plain(uint32_t state[8], const uint8_t *p, size_t blocks) {
    uint32_t w[64], s[8];
    for (; blocks > 0; blocks--, p += SHA256_BLOCK) {
        for (int t = 0; t < 16; t++) w[t] = sha256_word(p + 4 * t);
        for (int t = 16; t < 64; t++) {
            uint32_t a = w[t - 15], b = w[t - 2];
            w[t] = (sha256_turn(b, 17) ^ sha256_turn(b, 19) ^ b >> 10) + w[t - 7] +
                   (sha256_turn(a, 7) ^ sha256_turn(a, 18) ^ a >> 3) + w[t - 16];
        }
        memcpy(s, state, sizeof s);
        for (int t = 0; t < 64; t++) {
            uint32_t e = s[4], a = s[0];
            uint32_t one = s[7] + (sha256_turn(e, 6) ^ sha256_turn(e, 11) ^ sha256_turn(e, 25)) +
                           ((e & s[5]) ^ (~e & s[6])) + SHA256_K[t] + w[t];
            uint32_t two = (sha256_turn(a, 2) ^ sha256_turn(a, 13) ^ sha256_turn(a, 22)) +
                           ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
            memmove(s + 1, s, 7 * sizeof s[0]);
            s[4] += one;
            s[0] = one + two;
        }
        for (int k = 0; k < 8; k++) state[k] += s[k];
    }
}

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))
#define SHA256_X86 1
#include <cpuid.h>
#include <immintrin.h>

__attribute__((target("sha,sse4.1,ssse3"))) static void sha256_x86(uint32_t state[8], const uint8_t *p,
                                                                   size_t blocks) {
    const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xB1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1B);
    __m128i abef = _mm_alignr_epi8(low, high, 8), cdgh = _mm_blend_epi16(high, low, 0xF0);
    for (; blocks > 0; blocks--, p += SHA256_BLOCK) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i w[4], k;
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) { /* four rounds each; w holds the last sixteen words */
            const int now = i & 3, next = (i + 1) & 3, over = (i + 2) & 3, last = (i + 3) & 3;
            if (i < 4) {
                w[now] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(p + 16 * i)), order);
            } else {
                __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[now], w[next]), _mm_alignr_epi8(w[last], w[over], 4));
                w[now] = _mm_sha256msg2_epu32(sum, w[last]);
            }
            k = _mm_add_epi32(w[now], _mm_loadu_si128((const __m128i *)(SHA256_K + 4 * i)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, k);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(k, 0x0E));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    low = _mm_shuffle_epi32(abef, 0x1B);
    high = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(low, high, 0xF0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(high, low, 8));
}

static int sha256_x86_has(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) return 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}
#endif

static sha256_form sha256_blocks = sha256_plain;

/* Choose the form; `plain`: never the processor's own instructions. Whether they are used. */
static int sha256_start(int plain) {
    sha256_blocks = sha256_plain;
#ifdef SHA256_X86
    if (!plain && sha256_x86_has()) sha256_blocks = sha256_x86;
#endif
    return sha256_blocks != sha256_plain;
}

typedef struct {
    uint32_t state[8];
    uint64_t size;
    uint8_t rest[SHA256_BLOCK];
} sha256_context;

static void sha256_begin(sha256_context *c) {
    static const uint32_t START[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(c->state, START, sizeof START);
    c->size = 0;
}

static void sha256_add(sha256_context *c, const uint8_t *p, size_t size) {
    size_t held = c->size % SHA256_BLOCK;
    c->size += size;
    if (held > 0) {
        size_t part = SHA256_BLOCK - held < size ? SHA256_BLOCK - held : size;
        memcpy(c->rest + held, p, part);
        if (held + part < SHA256_BLOCK) return;
        sha256_blocks(c->state, c->rest, 1);
        p += part;
        size -= part;
    }
    sha256_blocks(c->state, p, size / SHA256_BLOCK);
    if (size % SHA256_BLOCK) memcpy(c->rest, p + size / SHA256_BLOCK * SHA256_BLOCK, size % SHA256_BLOCK);
}

static void sha256_end(sha256_context *c, uint8_t out[SHA256_SIZE]) {
    const size_t held = c->size % SHA256_BLOCK;
    const size_t blocks = held < SHA256_BLOCK - 8 ? 1 : 2;
    uint8_t last[2 * SHA256_BLOCK] = {0};
    memcpy(last, c->rest, held);
    last[held] = 0x80;
    for (int k = 0; k < 8; k++) last[blocks * SHA256_BLOCK - 1 - k] = (uint8_t)((c->size * 8) >> (8 * k));
    sha256_blocks(c->state, last, blocks);
    for (int k = 0; k < 32; k++) out[k] = (uint8_t)(c->state[k / 4] >> (24 - 8 * (k % 4)));
}

#endif
