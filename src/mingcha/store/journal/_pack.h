/* The payload of a block (FORMAT.md §3) and the top of the tree over its entries (§4) in C11: no Python, no allocation. */
#ifndef MINGCHA_PACK_H
#define MINGCHA_PACK_H

#include "_sha256.h"

#define PACK_FAN 16
#define PACK_NOT_IN_RAW 0xFFFF

typedef struct {
    const uint8_t *p;
    uint32_t size; /* a text has at most 65535 bytes */
} pack_text;

typedef struct {
    int64_t received_us;
    const uint8_t *raw;
    const uint8_t *mn;
    uint32_t raw_size, conn, verdict; /* conn and verdict: places in the lists of names */
    uint16_t mn_size, place;
    uint8_t direction;
} pack_entry;

/* Where `mn` stands in `raw`. For short ones: the cost is the product of both at worst. */
static uint16_t pack_place(const uint8_t *raw, uint32_t size, const uint8_t *mn, uint32_t mn_size) {
    const uint8_t *at = raw, *end;
    if (mn_size == 0) return 0;
    if (mn_size > size) return PACK_NOT_IN_RAW;
    end = raw + (size - mn_size) + 1;
    while (at < end && (at = (const uint8_t *)memchr(at, mn[0], (size_t)(end - at))) != NULL) {
        if (at - raw >= PACK_NOT_IN_RAW) return PACK_NOT_IN_RAW;
        if (memcmp(at, mn, mn_size) == 0) return (uint16_t)(at - raw);
        at++;
    }
    return PACK_NOT_IN_RAW;
}

/* Number `k` of `n` numbers of `width` bytes, into planes that begin at `out`. */
static inline void pack_number(uint8_t *out, size_t n, size_t k, int width, uint64_t value) {
    for (int b = 0; b < width; b++) out[(size_t)b * n + k] = (uint8_t)(value >> (8 * b));
}

static inline uint8_t *pack_four(uint8_t *out, uint32_t value) {
    pack_number(out, 1, 0, 4, value);
    return out + 4;
}

static size_t pack_texts_size(const pack_text *texts, size_t count) {
    size_t size = 4 + 2 * count;
    for (size_t k = 0; k < count; k++) size += texts[k].size;
    return size;
}

static uint8_t *pack_texts(uint8_t *out, const pack_text *texts, size_t count) {
    out = pack_four(out, (uint32_t)count);
    for (size_t k = 0; k < count; k++) pack_number(out, count, k, 2, texts[k].size);
    out += 2 * count;
    for (size_t k = 0; k < count; k++) {
        memcpy(out, texts[k].p, texts[k].size);
        out += texts[k].size;
    }
    return out;
}

/* Bytes of the payload. */
static size_t pack_size(const pack_entry *e, size_t n, const pack_text *conns, size_t conn_count,
                        const pack_text *verdicts, size_t verdict_count) {
    size_t size = 5 + n * (1 + 8 + 4 + 4 + 2 + 2 + 4);
    size += pack_texts_size(conns, conn_count) + pack_texts_size(verdicts, verdict_count);
    for (size_t k = 0; k < n; k++) size += e[k].raw_size + (e[k].place == PACK_NOT_IN_RAW ? e[k].mn_size : 0);
    return size;
}

/* Write the payload into `out`, which has `pack_size` bytes; where it ends. */
static uint8_t *pack_payload(uint8_t *out, const pack_entry *e, size_t n, const pack_text *conns, size_t conn_count,
                             const pack_text *verdicts, size_t verdict_count) {
    uint8_t *times, *of_conn, *of_verdict, *places, *mn_sizes, *raw_sizes;
    int64_t before = 0;
    *out++ = 1;
    out = pack_four(out, (uint32_t)n);
    times = out + n;
    of_conn = times + 8 * n;
    of_verdict = of_conn + 4 * n;
    places = of_verdict + 4 * n;
    mn_sizes = places + 2 * n;
    raw_sizes = mn_sizes + 2 * n;
    for (size_t k = 0; k < n; k++) {
        out[k] = e[k].direction;
        pack_number(times, n, k, 8, (uint64_t)e[k].received_us - (uint64_t)before);
        before = e[k].received_us;
        pack_number(of_conn, n, k, 4, e[k].conn);
        pack_number(of_verdict, n, k, 4, e[k].verdict);
        pack_number(places, n, k, 2, e[k].place);
        pack_number(mn_sizes, n, k, 2, e[k].mn_size);
        pack_number(raw_sizes, n, k, 4, e[k].raw_size);
    }
    out = pack_texts(raw_sizes + 4 * n, conns, conn_count);
    out = pack_texts(out, verdicts, verdict_count);
    for (size_t k = 0; k < n; k++) {
        if (e[k].place != PACK_NOT_IN_RAW) continue;
        memcpy(out, e[k].mn, e[k].mn_size);
        out += e[k].mn_size;
    }
    for (size_t k = 0; k < n; k++) {
        memcpy(out, e[k].raw, e[k].raw_size);
        out += e[k].raw_size;
    }
    return out;
}

static void pack_sized(sha256_context *c, const uint8_t *p, uint32_t size) {
    const uint8_t head[2] = {(uint8_t)size, (uint8_t)(size >> 8)};
    sha256_add(c, head, 2);
    sha256_add(c, p, size);
}

static void pack_leaf(const pack_entry *e, pack_text conn, pack_text verdict, uint8_t out[SHA256_SIZE]) {
    sha256_context c;
    uint8_t head[10];
    head[0] = 0;
    head[1] = e->direction;
    pack_number(head + 2, 1, 0, 8, (uint64_t)e->received_us);
    sha256_begin(&c);
    sha256_add(&c, head, sizeof head);
    pack_sized(&c, conn.p, conn.size);
    pack_sized(&c, e->mn, e->mn_size);
    pack_sized(&c, verdict.p, verdict.size);
    sha256_add(&c, e->raw, e->raw_size);
    sha256_end(&c, out);
}

/* The top of the tree over `n` entries (at least one). `hashes`: room for n hashes, overwritten. */
static void pack_root(const pack_entry *e, size_t n, const pack_text *conns, const pack_text *verdicts,
                      uint8_t *hashes) {
    static const uint8_t NODE = 1;
    for (size_t k = 0; k < n; k++)
        pack_leaf(e + k, conns[e[k].conn], verdicts[e[k].verdict], hashes + k * SHA256_SIZE);
    do { /* also where there is one leaf */
        const size_t above = (n + PACK_FAN - 1) / PACK_FAN;
        for (size_t k = 0; k < above; k++) {
            sha256_context c;
            const size_t width = n - k * PACK_FAN < PACK_FAN ? n - k * PACK_FAN : PACK_FAN;
            sha256_begin(&c);
            sha256_add(&c, &NODE, 1);
            sha256_add(&c, hashes + k * PACK_FAN * SHA256_SIZE, width * SHA256_SIZE);
            sha256_end(&c, hashes + k * SHA256_SIZE);
        }
        n = above;
    } while (n > 1);
}

#endif
