/* Garment link: samples into frames, for sensor firmware.
 *
 * C99, header only, no heap, no recursion; every loop is bounded and the caller owns all memory.
 * The bytes are those of firmware_bridge.encoder.FrameEncoder, bit for bit. One encoder serves one
 * stream and is not reentrant: push and flush from one context. A push that closes a frame costs
 * some ten thousand instructions, so call it from a work queue and not from an interrupt.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef GL_CORE_H
#define GL_CORE_H

#include "gl_bytes.h"

/* Width of the sample store. 16 halves the memory and permits channels of up to 16 bits. */
#ifndef GL_SAMPLE_BITS
#define GL_SAMPLE_BITS 32
#endif
#if GL_SAMPLE_BITS == 32
typedef uint32_t gl_sample;
#elif GL_SAMPLE_BITS == 16
typedef uint16_t gl_sample;
#else
#error "GL_SAMPLE_BITS is neither 16 nor 32"
#endif

#define GL_GROUP 16u
#define GL_MIN_SIZE 64u

#define GL_FLAG_CLOCK_SET 0x02u
#define GL_FLAG_OVERRUN 0x04u
#define GL_FLAG_END 0x08u

#define GL_E_CONFIG (-1) /* a setting is impossible, or one sample exceeds the frame size */
#define GL_E_RANGE (-2)  /* a sample does not fit the bits of its channel; nothing was stored */
#define GL_E_BUSY (-3)   /* samples wait in the open frame: flush first */
#define GL_E_SPACE (-4)  /* the output buffer is too small */

/* OR of the residual codes of the open group, for the first and the second difference. */
typedef struct {
    uint32_t any_1;
    uint32_t any_2;
} gl_channel;

/* What never changes; may lie in flash. */
typedef struct {
    const int8_t *bits;   /* per channel 1..32, negative when signed, as in the descriptor */
    gl_sample *samples;   /* cap * n_channels */
    gl_channel *channels; /* n_channels */
    uint8_t *frame;       /* size bytes; the closed frame stays here until the next one closes */
    uint32_t max_latency_us;
    uint16_t size; /* bytes at frame */
    uint8_t stream_id;
    uint8_t n_channels;
    uint8_t cap; /* samples per frame, 1..255 */
} gl_config;

typedef struct {
    const gl_config *config;
    uint64_t first_us;
    uint32_t next_index;
    uint32_t budget_bits;
    uint32_t base_bits;
    uint32_t used_bits;
    uint32_t width; /* bits that one more sample of the open group takes */
    uint16_t session;
    uint8_t n; /* samples that wait */
    uint8_t in_group;
    uint8_t flags;
} gl_encoder;

static inline uint32_t gl_bits_of(int8_t bits) {
    return (uint32_t)(bits < 0 ? -bits : bits);
}

/* What remains of a value in a channel of these bits, extended to 32 bits again. */
static inline uint32_t gl_fit(uint32_t value, int8_t bits) {
    const uint32_t sign = (uint32_t)1u << (gl_bits_of(bits) - 1u);
    value &= sign | (sign - 1u);
    return bits < 0 ? (value ^ sign) - sign : value;
}

static inline uint32_t gl_bit_length(uint32_t value) {
#if defined(__GNUC__)
    return value == 0u ? 0u : 32u - (uint32_t)__builtin_clz(value);
#else
    uint32_t n = 0;
    for (; value != 0u; value >>= 1) {
        n++;
    }
    return n;
#endif
}

/* Mode byte of a group: order << 5 | width. Ties keep the lower order; raw has width 0. */
static inline uint32_t gl_mode(uint32_t bits, const gl_channel *any) {
    const uint32_t width_1 = gl_bit_length(any->any_1);
    const uint32_t width_2 = gl_bit_length(any->any_2);
    uint32_t mode = 0;
    if (width_1 < bits) {
        mode = 1u << 5 | width_1;
        bits = width_1;
    }
    return width_2 < bits ? (2u << 5 | width_2) : mode;
}

static inline uint32_t gl_load(const gl_config *config, uint32_t i, uint32_t channel) {
    const uint32_t value = config->samples[i * config->n_channels + channel];
#if GL_SAMPLE_BITS == 16
    return gl_fit(value, config->bits[channel]);
#else
    return value;
#endif
}

static inline uint32_t gl_zigzag(uint32_t d) {
    return (d << 1) ^ (0u - (d >> 31));
}

/* Codes of sample i >= 1 for both orders; all arithmetic wraps at 2^32. */
static inline gl_channel gl_codes(const gl_config *config, uint32_t i, uint32_t channel) {
    const uint32_t before = gl_load(config, i - 1u, channel);
    const uint32_t delta = gl_load(config, i, channel) - before;
    const uint32_t delta_before = i > 1u ? before - gl_load(config, i - 2u, channel) : 0u;
    const gl_channel codes = {gl_zigzag(delta), gl_zigzag(delta - delta_before)};
    return codes;
}

static inline void gl_open_group(gl_encoder *e) {
    for (uint32_t c = 0; c < e->config->n_channels; c++) {
        e->config->channels[c].any_1 = 0;
        e->config->channels[c].any_2 = 0;
    }
    e->width = 0;
    e->in_group = 0;
}

/* Largest frame of the transport (BLE: ATT_MTU - 3). Only while no sample waits. */
static inline int32_t gl_set_size(gl_encoder *e, uint16_t size) {
    if (e->n != 0u) {
        return GL_E_BUSY;
    }
    if (size < GL_MIN_SIZE || size > e->config->size ||
        e->base_bits > 8u * ((uint32_t)size - GL_OVERHEAD)) {
        return GL_E_CONFIG;
    }
    e->budget_bits = 8u * ((uint32_t)size - GL_OVERHEAD);
    return 0;
}

/* Number of the configuration modulo 16. Only while no sample waits: raise it after a flush. */
static inline int32_t gl_set_generation(gl_encoder *e, uint8_t generation) {
    if (e->n != 0u) {
        return GL_E_BUSY;
    }
    e->flags = (uint8_t)((e->flags & 0x0Fu) | (uint32_t)generation << 4);
    return 0;
}

/* Says in each following frame that the host has set the clock; informative. */
static inline void gl_set_clock(gl_encoder *e) {
    e->flags |= GL_FLAG_CLOCK_SET;
}

static inline int32_t gl_init(gl_encoder *e, const gl_config *config, uint16_t session) {
    e->config = config;
    e->first_us = 0;
    e->next_index = 0;
    e->base_bits = 0;
    e->used_bits = 0;
    e->session = session;
    e->n = 0;
    e->flags = 0;
    if (config->n_channels == 0u || config->cap == 0u || config->stream_id == 0u) {
        return GL_E_CONFIG;
    }
    for (uint32_t c = 0; c < config->n_channels; c++) {
        const uint32_t bits = gl_bits_of(config->bits[c]);
        if (bits == 0u || bits > GL_SAMPLE_BITS) {
            return GL_E_CONFIG;
        }
        e->base_bits += (bits + 7u) & ~7u;
    }
    gl_open_group(e);
    return gl_set_size(e, config->size);
}

/* Residual bits, least significant first, at most 32 at a time. */
typedef struct {
    uint8_t *out;
    uint32_t open;
    uint32_t n_open; /* 0..7 */
} gl_bit_writer;

static inline void gl_put_bits(gl_bit_writer *w, uint32_t value, uint32_t width) {
    while (width + w->n_open >= 8u) {
        const uint32_t taken = 8u - w->n_open;
        *w->out++ = (uint8_t)(w->open | value << w->n_open);
        value >>= taken;
        width -= taken;
        w->open = 0;
        w->n_open = 0;
    }
    w->open |= value << w->n_open;
    w->n_open += width;
}

/* Modes of the group that starts at sample first; the sums are those the pushes saw. */
static inline uint8_t *gl_put_modes(const gl_config *config, uint8_t *out, uint32_t first,
                                    uint32_t end) {
    for (uint32_t c = 0; c < config->n_channels; c++) {
        gl_channel any = {0, 0};
        for (uint32_t i = first; i < end; i++) {
            const gl_channel codes = gl_codes(config, i, c);
            any.any_1 |= codes.any_1;
            any.any_2 |= codes.any_2;
        }
        *out++ = (uint8_t)gl_mode(gl_bits_of(config->bits[c]), &any);
    }
    return out;
}

static inline void gl_put_group(const gl_config *config, gl_bit_writer *w, const uint8_t *modes,
                                uint32_t first, uint32_t end) {
    for (uint32_t c = 0; c < config->n_channels; c++) {
        const uint32_t order = (uint32_t)modes[c] >> 5;
        const uint32_t bits = gl_bits_of(config->bits[c]);
        for (uint32_t i = first; i < end; i++) {
            if (order == 0u) {
                const uint32_t mask = 0xFFFFFFFFu >> (32u - bits);
                gl_put_bits(w, gl_load(config, i, c) & mask, bits);
            } else {
                const gl_channel codes = gl_codes(config, i, c);
                gl_put_bits(w, order == 1u ? codes.any_1 : codes.any_2, modes[c] & 0x1Fu);
            }
        }
    }
}

static inline uint32_t gl_group_end(const gl_encoder *e, uint32_t first) {
    return first + GL_GROUP < e->n ? first + GL_GROUP : e->n;
}

/* Close the open frame. Returns its length, 0 when no sample waits; it lies at config->frame.
 * Flags: GL_FLAG_END before a stop, a change of configuration or a loss. */
static inline int32_t gl_flush(gl_encoder *e, uint8_t flags) {
    const gl_config *config = e->config;
    gl_bit_writer w = {NULL, 0, 0};
    if (e->n == 0u) {
        return 0;
    }
    uint8_t *out = gl_put_header(config->frame, GL_KIND_DATA, config->stream_id, e->session,
                                 e->next_index - e->n, e->first_us, e->n,
                                 (uint32_t)e->flags | flags);
    for (uint32_t c = 0; c < config->n_channels; c++) {
        const uint32_t n_bytes = (gl_bits_of(config->bits[c]) + 7u) / 8u;
        out = gl_put_le(out, gl_load(config, 0, c), n_bytes);
    }
    const uint8_t *modes = out;
    for (uint32_t first = 1; first < e->n; first += GL_GROUP) {
        out = gl_put_modes(config, out, first, gl_group_end(e, first));
    }
    w.out = out;
    for (uint32_t first = 1; first < e->n; first += GL_GROUP) {
        gl_put_group(config, &w, modes, first, gl_group_end(e, first));
        modes += config->n_channels;
    }
    if (w.n_open != 0u) {
        *w.out++ = (uint8_t)w.open;
    }
    e->flags = (uint8_t)(e->flags & ~GL_FLAG_OVERRUN);
    e->n = 0;
    e->used_bits = 0;
    gl_open_group(e);
    return gl_seal(config->frame, w.out);
}

static inline void gl_store(const gl_encoder *e, const int32_t *sample) {
    gl_sample *row = e->config->samples + (size_t)e->n * e->config->n_channels;
    for (uint32_t c = 0; c < e->config->n_channels; c++) {
        row[c] = (gl_sample)sample[c];
    }
}

/* Add to the open frame if it fits; returns 0 if not, and then only a flush may follow. */
static inline int gl_append(gl_encoder *e, const int32_t *sample) {
    const gl_config *config = e->config;
    uint32_t wider = 0;
    if (e->n == config->cap) {
        return 0;
    }
    gl_store(e, sample);
    for (uint32_t c = 0; c < config->n_channels; c++) {
        gl_channel *any = &config->channels[c];
        const gl_channel codes = gl_codes(config, e->n, c);
        wider |= (codes.any_1 & ~any->any_1) | (codes.any_2 & ~any->any_2);
        any->any_1 |= codes.any_1;
        any->any_2 |= codes.any_2;
    }
    /* Most samples set no new bit, so most keep the width. */
    if (wider != 0u) {
        e->width = 0;
        for (uint32_t c = 0; c < config->n_channels; c++) {
            const uint32_t bits = gl_bits_of(config->bits[c]);
            const uint32_t mode = gl_mode(bits, &config->channels[c]);
            e->width += mode == 0u ? bits : (mode & 0x1Fu);
        }
    }
    const uint32_t cost = (e->in_group + 1u) * e->width + 8u * config->n_channels;
    if (e->base_bits + e->used_bits + cost + 7u > e->budget_bits) {
        return 0;
    }
    e->n++;
    e->in_group++;
    if (e->in_group == GL_GROUP) {
        e->used_bits += cost;
        gl_open_group(e);
    }
    return 1;
}

/* Add one sample, one count per channel; unsigned 32-bit channels pass their bit pattern.
 * Returns the length of the frame that this sample closed, 0, or an error. */
static inline int32_t gl_push(gl_encoder *e, const int32_t *sample, uint64_t device_us) {
    int32_t length = 0;
    for (uint32_t c = 0; c < e->config->n_channels; c++) {
        if ((uint32_t)sample[c] != gl_fit((uint32_t)sample[c], e->config->bits[c])) {
            return GL_E_RANGE;
        }
    }
    if (e->n != 0u && gl_append(e, sample) == 0) {
        length = gl_flush(e, 0);
    }
    if (e->n == 0u) {
        gl_store(e, sample);
        e->first_us = device_us;
        e->n = 1;
    }
    e->next_index++;
    return length;
}

/* Leave out samples that the sensor lost. Returns the length of the frame that was open. */
static inline int32_t gl_skip(gl_encoder *e, uint32_t n_samples) {
    const int32_t length = gl_flush(e, GL_FLAG_END);
    if (n_samples != 0u) {
        e->next_index += n_samples;
        e->flags |= GL_FLAG_OVERRUN;
    }
    return length;
}

/* Whether the oldest waiting sample has waited max_latency_us: flush then. */
static inline int gl_is_due(const gl_encoder *e, uint64_t now_us) {
    return e->n != 0u && now_us - e->first_us >= e->config->max_latency_us;
}

#endif
