/* Reads runs of the flash log from stdin, plays them on flash in memory and writes what is left.
 * Run, little endian: u32 n_sectors, u32 sector_bytes, u32 budget (bytes until power fails), the
 * image, u32 n_frames, then u16 length and bytes of each. Answer: u32 frames acknowledged, the
 * image, u32 frames read after a fresh mount, then u16 length and bytes of each. */
#include "gl_log.h"

#include <stdio.h>
#include <stdlib.h>

static uint8_t *cells;
static uint32_t budget;

static uint32_t get(uint32_t n_bytes) {
    uint32_t value = 0;
    for (uint32_t i = 0; i < n_bytes; i++) {
        const int byte = getchar();
        if (byte == EOF) {
            exit(3);
        }
        value |= (uint32_t)(unsigned)byte << (8u * i);
    }
    return value;
}

static void put(uint32_t value, uint32_t n_bytes) {
    for (uint32_t i = 0; i < n_bytes; i++) {
        putchar((int)(value >> (8u * i) & 0xFFu));
    }
}

static int read_cells(void *context, uint32_t address, uint8_t *data, uint32_t n) {
    (void)context;
    for (uint32_t i = 0; i < n; i++) {
        data[i] = cells[address + i];
    }
    return 0;
}

static int program_cells(void *context, uint32_t address, const uint8_t *data, uint32_t n) {
    (void)context;
    for (uint32_t i = 0; i < n; i++) {
        if ((data[i] & ~(unsigned)cells[address + i]) != 0u || budget == 0u) {
            return 1;
        }
        budget--;
        cells[address + i] = data[i];
    }
    return 0;
}

static int erase_cells(void *context, uint32_t sector) {
    const gl_flash *flash = *(const gl_flash **)context;
    for (uint32_t i = 0; i < flash->sector_bytes; i++) {
        if (budget == 0u) {
            return 1;
        }
        budget--;
        cells[sector * flash->sector_bytes + i] = 0xFF;
    }
    return 0;
}

static void run(uint32_t n_sectors) {
    const gl_flash *self = NULL;
    const uint32_t sector_bytes = get(4);
    const gl_flash flash = {&self, read_cells, program_cells, erase_cells, sector_bytes, n_sectors};
    gl_log log;
    gl_log_reader reader;
    self = &flash;
    budget = get(4);
    /* Exact sizes on the heap, so that the sanitizer sees one byte too many. */
    cells = malloc((size_t)n_sectors * sector_bytes);
    for (uint32_t i = 0; i < n_sectors * sector_bytes; i++) {
        cells[i] = (uint8_t)get(1);
    }
    if (gl_log_mount(&log, &flash) != 0) {
        exit(4);
    }
    const uint32_t n_frames = get(4);
    uint32_t n_safe = 0;
    int has_power = 1;
    for (uint32_t i = 0; i < n_frames; i++) {
        const uint32_t length = get(2);
        uint8_t *frame = malloc(length);
        for (uint32_t k = 0; k < length; k++) {
            frame[k] = (uint8_t)get(1);
        }
        if (has_power && gl_log_append(&log, frame, length) == 0) {
            n_safe++;
        } else {
            has_power = 0;
        }
        free(frame);
    }
    put(n_safe, 4);
    fwrite(cells, 1, (size_t)n_sectors * sector_bytes, stdout);
    uint8_t *frame = malloc(sector_bytes);
    uint32_t n_read = 0;
    gl_log_mount(&log, &flash);
    for (gl_log_rewind(&log, &reader); gl_log_next(&log, &reader, frame, sector_bytes) > 0;) {
        n_read++;
    }
    put(n_read, 4);
    int32_t length;
    gl_log_rewind(&log, &reader);
    while ((length = gl_log_next(&log, &reader, frame, sector_bytes)) > 0) {
        put((uint32_t)length, 2);
        fwrite(frame, 1, (size_t)length, stdout);
    }
    free(frame);
    free(cells);
}

int main(void) {
    for (int first = getchar(); first != EOF; first = getchar()) {
        run((uint32_t)first | get(3) << 8);
    }
    return 0;
}
