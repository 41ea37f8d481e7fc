/* The bytes of HJ 212 in C11: CRC, digits, numbers, times, and the fields of CP. No Python, no allocation, no I/O.
 *
 * Every function answers for the ordinary case alone and says so when a case is not ordinary; the pure twin then
 * decides. Nothing reads outside [p, p + size). `_codec.pyx` and its parts include this file.
 */
#ifndef MINGCHA_WIRE_H
#define MINGCHA_WIRE_H

#include <stdint.h>
#include <stddef.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------ CRC */

static uint16_t wire_table[256];
static uint8_t wire_powers[8][256]; /* M^0 … M^7 of crc.py, filled by the module */

/* Words of eight bytes counted from the end, folded by XOR; see crc.py for the proof. */
static uint16_t wire_crc(const uint8_t *data, ptrdiff_t size) {
    uint64_t a = 0, b = 0, c = 0, d = 0, word[4];
    const uint8_t *at = data + size;
    ptrdiff_t left = size;
    uint8_t lane[8], state = 0;
    if (size == 0) return 0xFFFF;
    while (left >= 32) {
        at -= 32;
        left -= 32;
        memcpy(word, at, 32);
        a ^= word[0]; b ^= word[1]; c ^= word[2]; d ^= word[3];
    }
    a ^= b ^ c ^ d;
    while (left >= 8) {
        at -= 8;
        left -= 8;
        memcpy(word, at, 8);
        a ^= word[0];
    }
    memcpy(lane, &a, 8);
    for (ptrdiff_t k = 0; k < left; k++) lane[8 - left + k] ^= data[k];
    lane[7 - ((size - 1) & 7)] ^= 0xFF; /* the register starts as FF over nothing */
    for (int k = 0; k < 8; k++) state ^= wire_powers[k][lane[7 - k]];
    return wire_table[state];
}

/* --------------------------------------------------------------------------------------------------- digits */

static inline int wire_hex(uint8_t c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/* Four hex digits; -1 where one is none. */
static inline int wire_four_hex(const uint8_t *p) {
    int a = wire_hex(p[0]), b = wire_hex(p[1]), c = wire_hex(p[2]), d = wire_hex(p[3]);
    return (a | b | c | d) < 0 ? -1 : a << 12 | b << 8 | c << 4 | d;
}

/* `count` decimal digits, at most nine; -1 where one is none. */
static inline int32_t wire_digits(const uint8_t *p, int count) {
    int32_t value = 0;
    for (int k = 0; k < count; k++) {
        if (p[k] < '0' || p[k] > '9') return -1;
        value = value * 10 + (p[k] - '0');
    }
    return value;
}

/* -------------------------------------------------------------------------------------------------- framing */

/* Whether ## stands anywhere in the bytes. */
static inline int wire_has_head(const uint8_t *p, ptrdiff_t size) {
    const uint8_t *end = p + size;
    while (p < end) {
        p = (const uint8_t *)memchr(p, '#', (size_t)(end - p));
        if (p == NULL || p + 1 >= end) return 0;
        if (p[1] == '#') return 1;
        p++;
    }
    return 0;
}

static inline int wire_printable(const uint8_t *p, ptrdiff_t size) {
    uint8_t strange = 0;
    for (ptrdiff_t k = 0; k < size; k++) strange |= (uint8_t)((uint8_t)(p[k] - 0x20) > 0x5E);
    return !strange;
}

/* Whether the four characters have no letter in lower case. */
static inline int wire_upper(const uint8_t *p) { return p[0] < 'a' && p[1] < 'a' && p[2] < 'a' && p[3] < 'a'; }

/* The size of the flawless frame at p; 0 where the pure twin must look. */
static ptrdiff_t wire_ordinary(const uint8_t *p, ptrdiff_t size, ptrdiff_t ceiling) {
    const uint8_t *body = p + 6;
    int32_t length;
    int given;
    if (size < 13 || p[0] != '#' || p[1] != '#') return 0;
    length = wire_digits(p + 2, 4);
    if (length < 3 || length > ceiling || length + 10 > size) return 0;
    if (memcmp(body, "QN=", 3) != 0 && memcmp(body, "ST=", 3) != 0) return 0;
    given = wire_four_hex(body + length);
    if (given < 0 || wire_has_head(body, length + 4)) return 0; /* ends at the next ##: hostile ones stand close */
    if (given != wire_crc(body, length) || !wire_printable(body, length)) return 0;
    return length + 10;
}

/* Where the first CP=&& begins; -1 where there is none. */
static inline ptrdiff_t wire_find_open(const uint8_t *p, ptrdiff_t size) {
    const uint8_t *at = p, *end = p + size - 4;
    while (at < end) {
        at = (const uint8_t *)memchr(at, 'C', (size_t)(end - at));
        if (at == NULL) return -1;
        if (at[1] == 'P' && at[2] == '=' && at[3] == '&' && at[4] == '&') return at - p;
        at++;
    }
    return -1;
}

/* --------------------------------------------------------------------------------------------------- values */

#define WIRE_NUMBER_MAX 32 /* characters, as in segment.py */

typedef struct {
    int64_t mantissa; /* all digits without the point; 0 where not exact */
    int8_t scale;     /* digits behind the point */
    uint8_t exact;    /* 18 digits at most, leading zeros not counted: the mantissa holds them */
} wire_number;

/* [-]digits[.digits] of at most 32 characters. */
static inline int wire_is_number(const uint8_t *p, ptrdiff_t size, wire_number *out) {
    const ptrdiff_t whole = size > 0 && p[0] == '-';
    ptrdiff_t k = whole, point, digits;
    uint64_t value = 0;
    if (size > WIRE_NUMBER_MAX) return 0;
    while (k < size && p[k] >= '0' && p[k] <= '9') value = value * 10 + (uint64_t)(p[k++] - '0');
    if (k == whole) return 0;
    out->scale = 0;
    if (k < size) {
        if (p[k++] != '.') return 0;
        point = k;
        while (k < size && p[k] >= '0' && p[k] <= '9') value = value * 10 + (uint64_t)(p[k++] - '0');
        if (k == point || k != size) return 0;
        out->scale = (int8_t)(k - point);
    }
    digits = k - whole - (out->scale > 0);
    for (k = whole; digits > 18 && (p[k] == '0' || p[k] == '.'); k++) digits -= p[k] == '0';
    out->exact = digits <= 18;
    out->mantissa = !out->exact ? 0 : whole ? -(int64_t)value : (int64_t)value;
    return 1;
}

static const double WIRE_TENS[23] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* The nearest double; 0 where mantissa and power are not both exact doubles, so that one division does not do. */
static inline int wire_double(const wire_number *n, double *out) {
    int64_t size = n->mantissa < 0 ? -n->mantissa : n->mantissa;
    if (!n->exact || size > ((int64_t)1 << 53) || n->scale > 22) return 0;
    *out = (double)n->mantissa / WIRE_TENS[n->scale];
    return 1;
}

#define WIRE_NO_TIME INT64_MIN
#define WIRE_BEIJING_S (8 * 3600)

/* YYYYMMDDhhmmss[zzz] (14 or 17 digits) on the Beijing clock to epoch microseconds UTC; years 1900 to 9999. */
static int64_t wire_time(const uint8_t *p, int size) {
    static const uint8_t LAST[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int32_t year = wire_digits(p, 4), month = wire_digits(p + 4, 2), day = wire_digits(p + 6, 2);
    int32_t hour = wire_digits(p + 8, 2), minute = wire_digits(p + 10, 2), second = wire_digits(p + 12, 2);
    int32_t milli = size == 17 ? wire_digits(p + 14, 3) : 0;
    int64_t days, y;
    if (year < 1900 || month < 1 || month > 12 || day < 1 || milli < 0) return WIRE_NO_TIME;
    if ((uint32_t)hour > 23 || (uint32_t)minute > 59 || (uint32_t)second > 59) return WIRE_NO_TIME;
    if (day > LAST[month]) {
        int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        if (month != 2 || day != 29 || !leap) return WIRE_NO_TIME;
    }
    y = year - (month <= 2); /* years begin in March: the leap day is the last one */
    days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1 - 719468;
    return ((days * 86400 + hour * 3600 + minute * 60 + second - WIRE_BEIJING_S) * 1000 + milli) * 1000;
}

/* ---------------------------------------------------------------------------------------------------- names */

#define WIRE_NAME_MAX 43
#define WIRE_WAYS 4
#define WIRE_BUCKETS 2048 /* a power of two: 8192 names met before; a logger sends the same ones for years */

typedef struct {
    uint32_t hash, stamp; /* stamp: the frame that used the name last */
    uint32_t batch;       /* the batch for which factor and field are places in its dictionaries */
    int32_t factor, field;
    uint8_t size, dash;   /* dash: where the factor ends, = size where the name has no '-' */
    uint8_t known, is_flag;
    uint8_t text[WIRE_NAME_MAX + 1];
} wire_name;

static wire_name wire_names[WIRE_BUCKETS][WIRE_WAYS];
static uint32_t wire_stamp;

/* A new stamp: no name bears it. */
static inline void wire_new_frame(void) {
    if (++wire_stamp == 0) {
        for (int k = 0; k < WIRE_BUCKETS * WIRE_WAYS; k++) wire_names[k / WIRE_WAYS][k % WIRE_WAYS].stamp = 0;
        wire_stamp = 1;
    }
}

static inline uint32_t wire_hash(const uint8_t *p, ptrdiff_t size) {
    uint64_t first = 0, last = 0;
    if (size >= 8) {
        memcpy(&first, p, 8);
        memcpy(&last, p + size - 8, 8);
    } else {
        memcpy(&first, p, (size_t)size);
    }
    first = (first ^ (uint64_t)size) * 0x9E3779B97F4A7C15u;
    first = (first ^ first >> 29 ^ last) * 0xBF58476D1CE4E5B9u;
    return (uint32_t)(first >> 32) | 1; /* 0 marks an empty place */
}

/* The entry of a name, stamped. NULL: it comes twice in this frame, is too long, or its bucket is full of it. */
static inline wire_name *wire_lookup(const uint8_t *p, ptrdiff_t size, ptrdiff_t dash) {
    uint32_t hash;
    wire_name *bucket, *entry;
    if (size > WIRE_NAME_MAX || size == 0) return NULL;
    hash = wire_hash(p, size);
    bucket = wire_names[hash >> 8 & (WIRE_BUCKETS - 1)];
    for (int way = 0; way < WIRE_WAYS; way++) {
        entry = bucket + way;
        if (entry->hash == hash && entry->size == size && memcmp(entry->text, p, (size_t)size) == 0) {
            if (entry->stamp == wire_stamp) return NULL;
            entry->stamp = wire_stamp;
            return entry;
        }
    }
    entry = bucket; /* an empty place, else the one that was used least lately */
    for (int way = 1; way < WIRE_WAYS && entry->hash != 0; way++)
        if (bucket[way].hash == 0 || wire_stamp - bucket[way].stamp > wire_stamp - entry->stamp)
            entry = bucket + way;
    if (entry->hash != 0 && entry->stamp == wire_stamp) return NULL;
    memset(entry, 0, sizeof *entry);
    entry->hash = hash;
    entry->size = (uint8_t)size;
    entry->dash = (uint8_t)dash;
    entry->stamp = wire_stamp;
    entry->is_flag = size >= 5 && memcmp(p + size - 5, "-Flag", 5) == 0;
    memcpy(entry->text, p, (size_t)size);
    return entry;
}

/* --------------------------------------------------------------------------------------------------- fields */

#define WIRE_FIELDS_MAX 256 /* more in one frame: the pure twin looks */

typedef struct {
    wire_name *name;
    const uint8_t *value;
    uint16_t value_size;
    wire_number number; /* meaningless for a flag */
} wire_field;

/* The fields of CP in order; -1 where the text is not flawless: then a mark or a closer look is needed.
 *
 * Flawless is: name=value parted by ',' within one factor and ';' between factors, no name twice, values plain
 * numbers, and one letter of `letters` under a name that ends in -Flag.
 */
static int wire_fields(const uint8_t *p, ptrdiff_t size, const uint8_t letters[256], wire_field out[WIRE_FIELDS_MAX]) {
    const uint8_t *at = p, *stop = p + size, *factor = NULL;
    ptrdiff_t factor_size = 0;
    int count = 0, first = 1;
    wire_new_frame();
    while (size > 0) {
        const uint8_t *end = at, *dash = NULL, *equals;
        wire_field *field = out + count;
        int same;
        if (count == WIRE_FIELDS_MAX) return -1;
        while (end < stop && *end != '=') {
            if (*end == ';' || *end == ',' || *end <= 32) return -1;
            if (*end == '-' && dash == NULL) dash = end;
            end++;
        }
        if (end == stop) return -1;
        equals = end++;
        if (dash == NULL) dash = equals;
        field->value = end;
        while (end < stop && *end != ';' && *end != ',') end++;
        field->value_size = (uint16_t)(end - field->value);
        same = factor != NULL && dash - at == factor_size && memcmp(at, factor, (size_t)factor_size) == 0;
        if (first == same) return -1;
        factor = at;
        factor_size = dash - at;
        field->name = wire_lookup(at, equals - at, dash - at);
        if (field->name == NULL) return -1;
        if (field->name->is_flag) {
            if (field->value_size != 1 || !letters[*field->value]) return -1;
        } else if (!wire_is_number(field->value, field->value_size, &field->number)) {
            return -1;
        }
        count++;
        if (end == stop) break;
        first = *end == ';';
        at = end + 1;
    }
    return count;
}

#endif
