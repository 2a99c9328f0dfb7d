/* Garment link: what a garment sends beside samples, and packets on a serial line.
 *
 * Event and status frames: the header of a data frame with stream 0 and no sample, then a
 * deterministic CBOR map. Nothing here keeps state; the caller owns counters and buffers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef GL_FRAMES_H
#define GL_FRAMES_H

#include "gl_core.h"

#define GL_EVENT_MARKER 0u
#define GL_EVENT_BUTTON 1u
#define GL_EVENT_ON_BODY 2u
#define GL_EVENT_OFF_BODY 3u

#define GL_EVENT_SIZE(n_text) (GL_OVERHEAD + 13u + (n_text))
#define GL_STATUS_SIZE(n_streams) (GL_OVERHEAD + 19u + 13u * (n_streams))

typedef struct {
    uint32_t producer_lost;  /* samples that the sensor lost, since boot */
    uint32_t frames_dropped; /* frames that found the send queue full, since boot */
    uint8_t stream_id;
} gl_counters;

/* Bytes that gl_cobs may write for a packet of n bytes, delimiter included. */
#define GL_COBS_SIZE(n) ((n) + (n) / 254u + 2u)

/* Packet for a serial line: COBS and the zero byte. Returns the number of bytes. */
static inline size_t gl_cobs(uint8_t *out, const uint8_t *packet, size_t n) {
    size_t code_at = 0, end = 1;
    uint8_t code = 1;
    for (size_t i = 0; i < n; i++) {
        if (packet[i] != 0u) {
            out[end++] = packet[i];
            code++;
        }
        if (packet[i] == 0u || (code == 0xFFu && i + 1u < n)) {
            out[code_at] = code;
            code = 1;
            code_at = end++;
        }
    }
    out[code_at] = code;
    out[end++] = 0;
    return end;
}

/* Head of a CBOR item in its shortest form. Major: 0 number, 3 text, 4 array, 5 map. */
static inline uint8_t *gl_put_cbor(uint8_t *out, uint32_t major, uint32_t value) {
    uint32_t code = value, n_bytes = 0;
    if (value >= 24u) {
        n_bytes = value < 0x100u ? 1u : value < 0x10000u ? 2u : 4u;
        code = n_bytes == 4u ? 26u : 23u + n_bytes;
    }
    *out++ = (uint8_t)(major << 5 | code);
    for (uint32_t i = n_bytes; i > 0u; i--) {
        *out++ = (uint8_t)(value >> (8u * (i - 1u)));
    }
    return out;
}

/* Event frame. Counter: the events before this one. Returns its length or GL_E_SPACE. */
static inline int32_t gl_event(uint8_t *frame, size_t capacity, uint16_t session, uint32_t counter,
                               uint64_t device_us, uint32_t kind, const char *text,
                               uint8_t n_text) {
    if (capacity < GL_EVENT_SIZE((size_t)n_text)) {
        return GL_E_SPACE;
    }
    uint8_t *out = gl_put_header(frame, GL_KIND_EVENT, 0, session, counter, device_us, 0, 0);
    out = gl_put_cbor(out, 5u, 2u);
    out = gl_put_cbor(out, 0u, 0u);
    out = gl_put_cbor(out, 0u, kind);
    out = gl_put_cbor(out, 0u, 1u);
    out = gl_put_cbor(out, 3u, n_text);
    for (uint32_t i = 0; i < n_text; i++) {
        *out++ = (uint8_t)text[i];
    }
    return gl_seal(frame, out);
}

/* Status frame, every 5 s and on change; the counters are cumulative, so a lost one costs
 * nothing. Returns its length or GL_E_SPACE. */
static inline int32_t gl_status(uint8_t *frame, size_t capacity, uint16_t session,
                                uint32_t counter, uint64_t device_us, uint8_t battery_pct,
                                const gl_counters *streams, uint8_t n_streams,
                                uint32_t log_used_bytes) {
    if (capacity < GL_STATUS_SIZE((size_t)n_streams)) {
        return GL_E_SPACE;
    }
    uint8_t *out = gl_put_header(frame, GL_KIND_STATUS, 0, session, counter, device_us, 0, 0);
    out = gl_put_cbor(out, 5u, 3u);
    out = gl_put_cbor(out, 0u, 0u);
    out = gl_put_cbor(out, 0u, battery_pct);
    out = gl_put_cbor(out, 0u, 1u);
    out = gl_put_cbor(out, 4u, n_streams);
    for (uint32_t i = 0; i < n_streams; i++) {
        out = gl_put_cbor(out, 4u, 3u);
        out = gl_put_cbor(out, 0u, streams[i].stream_id);
        out = gl_put_cbor(out, 0u, streams[i].producer_lost);
        out = gl_put_cbor(out, 0u, streams[i].frames_dropped);
    }
    out = gl_put_cbor(out, 0u, 2u);
    out = gl_put_cbor(out, 0u, log_used_bytes);
    return gl_seal(frame, out);
}

#endif
