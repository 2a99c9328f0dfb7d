/* Garment link: bytes of every frame: numbers, header, checksum. All little endian.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef GL_BYTES_H
#define GL_BYTES_H

#include <stddef.h>
#include <stdint.h>

#define GL_VERSION 1u
#define GL_HEADER_SIZE 16u
#define GL_MIN_FRAME 19u
#define GL_OVERHEAD 18u

#define GL_KIND_DATA 0u
#define GL_KIND_EVENT 1u
#define GL_KIND_STATUS 3u

/* CRC-16/CCITT-FALSE, start with FFFFh. One byte per step without a table. */
static inline uint16_t gl_crc16(uint16_t crc, const uint8_t *data, size_t n) {
    uint32_t sum = crc;
    for (size_t i = 0; i < n; i++) {
        uint32_t x = (sum >> 8) ^ data[i];
        x ^= x >> 4;
        sum = ((sum << 8) ^ (x << 12) ^ (x << 5) ^ x) & 0xFFFFu;
    }
    return (uint16_t)sum;
}

static inline uint8_t *gl_put_le(uint8_t *out, uint32_t value, uint32_t n_bytes) {
    for (uint32_t i = 0; i < n_bytes; i++) {
        *out++ = (uint8_t)value;
        value >>= 8;
    }
    return out;
}

static inline uint8_t *gl_put_header(uint8_t *out, uint32_t kind, uint32_t stream_id,
                                     uint32_t session, uint32_t index, uint64_t us, uint32_t n,
                                     uint32_t flags) {
    *out++ = (uint8_t)(GL_VERSION << 4 | kind);
    *out++ = (uint8_t)stream_id;
    out = gl_put_le(out, session, 2u);
    out = gl_put_le(out, index, 4u);
    out = gl_put_le(out, (uint32_t)us, 4u);
    out = gl_put_le(out, (uint32_t)(us >> 32), 2u);
    *out++ = (uint8_t)n;
    *out++ = (uint8_t)flags;
    return out;
}

/* Append the checksum of everything since frame; returns the length of the frame. */
static inline int32_t gl_seal(uint8_t *frame, uint8_t *end) {
    const size_t n = (size_t)(end - frame);
    gl_put_le(end, gl_crc16(0xFFFFu, frame, n), 2u);
    return (int32_t)(n + 2u);
}

#endif
