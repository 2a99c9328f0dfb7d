/* Garment link: frames in a ring of flash sectors, written so that power may fail at any byte.
 *
 * NOR rules: erasing a sector sets every bit, programming clears bits. A sector starts with a u32
 * magic and a u32 sequence number, the number programmed first; a record is a u16 length and the
 * frame, the length programmed after the frame. The bytes are those of firmware_bridge.flash_log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef GL_LOG_H
#define GL_LOG_H

#include "gl_core.h"

#define GL_LOG_MAGIC 0x474C3101u
#define GL_LOG_HEADER 8u
#define GL_E_FLASH (-5) /* the driver reported a failure */

/* The driver: each function returns 0, or something else on failure. */
typedef struct {
    void *context;
    int (*read)(void *context, uint32_t address, uint8_t *data, uint32_t n);
    int (*program)(void *context, uint32_t address, const uint8_t *data, uint32_t n);
    int (*erase)(void *context, uint32_t sector);
    uint32_t sector_bytes;
    uint32_t n_sectors; /* 2 or more */
} gl_flash;

typedef struct {
    const gl_flash *flash;
    uint32_t newest;   /* sector that is being written */
    uint32_t sequence; /* its number; 0 while the log is empty */
    uint32_t end;      /* where its next record starts */
} gl_log;

typedef struct {
    uint32_t sector;
    uint32_t at;
    uint32_t n_left; /* sectors still to read, this one included */
} gl_log_reader;

static inline uint32_t gl_log_u32(const uint8_t *b) {
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* Sequence number of a sector, 0 if it holds no frames or cannot be read. */
static inline uint32_t gl_log_sequence(const gl_flash *flash, uint32_t sector) {
    uint8_t head[GL_LOG_HEADER];
    if (flash->read(flash->context, sector * flash->sector_bytes, head, GL_LOG_HEADER) != 0 ||
        gl_log_u32(head) != GL_LOG_MAGIC) {
        return 0;
    }
    return gl_log_u32(head + 4);
}

/* Length of the record at a place, 0 if none can be there. */
static inline uint32_t gl_log_length(const gl_flash *flash, uint32_t sector, uint32_t at) {
    uint8_t raw[2];
    if (at + 2u > flash->sector_bytes ||
        flash->read(flash->context, sector * flash->sector_bytes + at, raw, 2u) != 0) {
        return 0;
    }
    const uint32_t length = (uint32_t)raw[0] | (uint32_t)raw[1] << 8;
    return length == 0xFFFFu || at + 2u + length > flash->sector_bytes ? 0 : length;
}

/* Whether a sector is erased from a place on. */
static inline int gl_log_is_blank(const gl_flash *flash, uint32_t sector, uint32_t at) {
    while (at < flash->sector_bytes) {
        uint8_t part[32];
        const uint32_t left = flash->sector_bytes - at;
        const uint32_t n = left < sizeof part ? left : (uint32_t)sizeof part;
        if (flash->read(flash->context, sector * flash->sector_bytes + at, part, n) != 0) {
            return 0;
        }
        for (uint32_t i = 0; i < n; i++) {
            if (part[i] != 0xFFu) {
                return 0;
            }
        }
        at += n;
    }
    return 1;
}

/* Find what the flash holds; writes nothing. */
static inline int32_t gl_log_mount(gl_log *log, const gl_flash *flash) {
    uint32_t length;
    log->flash = flash;
    log->newest = flash->n_sectors - 1u;
    log->sequence = 0;
    log->end = flash->sector_bytes;
    if (flash->n_sectors < 2u) {
        return GL_E_CONFIG;
    }
    for (uint32_t sector = 0; sector < flash->n_sectors; sector++) {
        const uint32_t sequence = gl_log_sequence(flash, sector);
        if (sequence > log->sequence) {
            log->sequence = sequence;
            log->newest = sector;
        }
    }
    if (log->sequence == 0u) {
        return 0;
    }
    uint32_t at = GL_LOG_HEADER;
    while ((length = gl_log_length(flash, log->newest, at)) != 0u) {
        at += 2u + length;
    }
    /* Bits under a torn tail cannot be set again, so writing goes on in the next sector. */
    if (gl_log_is_blank(flash, log->newest, at)) {
        log->end = at;
    }
    return 0;
}

static inline int gl_log_program(const gl_flash *flash, uint32_t address, uint32_t value,
                                 uint32_t n_bytes) {
    uint8_t raw[4];
    gl_put_le(raw, value, n_bytes);
    return flash->program(flash->context, address, raw, n_bytes);
}

/* Start the next sector; the oldest frames go when the ring is full. */
static inline int32_t gl_log_open_sector(gl_log *log) {
    const gl_flash *flash = log->flash;
    const uint32_t sector = log->newest + 1u < flash->n_sectors ? log->newest + 1u : 0u;
    const uint32_t address = sector * flash->sector_bytes;
    if (!gl_log_is_blank(flash, sector, 0)) {
        /* A sector whose erase is cut short must not look whole. */
        if (gl_log_program(flash, address, 0, 4u) != 0 ||
            flash->erase(flash->context, sector) != 0) {
            return GL_E_FLASH;
        }
    }
    if (gl_log_program(flash, address + 4u, log->sequence + 1u, 4u) != 0 ||
        gl_log_program(flash, address, GL_LOG_MAGIC, 4u) != 0) {
        return GL_E_FLASH;
    }
    log->sequence++;
    log->newest = sector;
    log->end = GL_LOG_HEADER;
    return 0;
}

/* Store a frame; it is safe once this returns 0. */
static inline int32_t gl_log_append(gl_log *log, const uint8_t *frame, uint32_t length) {
    const gl_flash *flash = log->flash;
    if (length < GL_MIN_FRAME || length > flash->sector_bytes - GL_LOG_HEADER - 2u) {
        return GL_E_SPACE;
    }
    if (log->sequence == 0u || log->end + 2u + length > flash->sector_bytes) {
        const int32_t error = gl_log_open_sector(log);
        if (error != 0) {
            return error;
        }
    }
    const uint32_t address = log->newest * flash->sector_bytes + log->end;
    /* An end that moves first keeps a failed write from being written over. */
    log->end += 2u + length;
    if (flash->program(flash->context, address + 2u, frame, length) != 0 ||
        gl_log_program(flash, address, length, 2u) != 0) {
        return GL_E_FLASH;
    }
    return 0;
}

/* Start reading at the oldest frame. */
static inline void gl_log_rewind(const gl_log *log, gl_log_reader *reader) {
    const uint32_t n_sectors = log->flash->n_sectors;
    reader->sector = log->newest + 1u < n_sectors ? log->newest + 1u : 0u;
    reader->at = GL_LOG_HEADER;
    reader->n_left = n_sectors;
}

/* Copy the next whole frame. Returns its length, 0 after the last one, or GL_E_SPACE for one that
 * exceeds the capacity, which is then passed over. */
static inline int32_t gl_log_next(const gl_log *log, gl_log_reader *reader, uint8_t *frame,
                                  uint32_t capacity) {
    const gl_flash *flash = log->flash;
    while (reader->n_left != 0u) {
        const int is_used = gl_log_sequence(flash, reader->sector) != 0u;
        const uint32_t length = is_used ? gl_log_length(flash, reader->sector, reader->at) : 0u;
        if (length == 0u) {
            reader->sector = reader->sector + 1u < flash->n_sectors ? reader->sector + 1u : 0u;
            reader->at = GL_LOG_HEADER;
            reader->n_left--;
            continue;
        }
        const uint32_t address = reader->sector * flash->sector_bytes + reader->at + 2u;
        reader->at += 2u + length;
        if (length > capacity) {
            return GL_E_SPACE;
        }
        if (length >= GL_MIN_FRAME &&
            flash->read(flash->context, address, frame, length) == 0 &&
            gl_crc16(0xFFFFu, frame, length - 2u) ==
                ((uint32_t)frame[length - 2u] | (uint32_t)frame[length - 1u] << 8)) {
            return (int32_t)length;
        }
    }
    return 0;
}

#endif
