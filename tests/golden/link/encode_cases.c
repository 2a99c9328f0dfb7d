/* Reads cases from stdin, runs the firmware encoder on each and writes its frames.
 * Case, little endian: u8 n_channels, i8 bits[], u8 stream, u16 session, u16 size, u8 cap,
 * u8 generation, u32 n_samples, u32 skip_at, u32 skip_n; then per sample u64 device_us and
 * i32 counts[]. Answer: u16 length and frame each; length 0 ends the case. */
#include "gl_core.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t get(uint32_t n_bytes) {
    uint64_t value = 0;
    for (uint32_t i = 0; i < n_bytes; i++) {
        const int byte = getchar();
        if (byte == EOF) {
            exit(3);
        }
        value |= (uint64_t)(unsigned)byte << (8u * i);
    }
    return value;
}

static void answer(const uint8_t *frame, int32_t length) {
    if (length < 0) {
        exit(4);
    }
    if (length > 0) {
        putchar((int)(length & 0xFF));
        putchar((int)(length >> 8));
        fwrite(frame, 1, (size_t)length, stdout);
    }
}

static void run_case(uint32_t n_channels) {
    /* Exact sizes on the heap, so that the sanitizer sees one byte too many. */
    int8_t *bits = malloc(n_channels);
    gl_channel *channels = malloc(n_channels * sizeof *channels);
    int32_t *sample = malloc(n_channels * sizeof *sample);
    for (uint32_t c = 0; c < n_channels; c++) {
        bits[c] = (int8_t)(uint8_t)get(1);
    }
    const uint8_t stream = (uint8_t)get(1);
    const uint16_t session = (uint16_t)get(2), size = (uint16_t)get(2);
    const uint8_t cap = (uint8_t)get(1), generation = (uint8_t)get(1);
    const uint32_t n_samples = (uint32_t)get(4), skip_at = (uint32_t)get(4);
    const uint32_t skip_n = (uint32_t)get(4);
    gl_sample *samples = malloc((size_t)cap * n_channels * sizeof *samples);
    uint8_t *frame = malloc(size);
    const gl_config config = {bits, samples, channels, frame, 0, size, stream,
                              (uint8_t)n_channels, cap};
    gl_encoder encoder;
    if (gl_init(&encoder, &config, session) != 0 || gl_set_generation(&encoder, generation) != 0) {
        exit(5);
    }
    for (uint32_t i = 0; i < n_samples; i++) {
        const uint64_t device_us = get(8);
        for (uint32_t c = 0; c < n_channels; c++) {
            sample[c] = (int32_t)(uint32_t)get(4);
        }
        if (i == skip_at) {
            answer(frame, gl_skip(&encoder, skip_n));
        }
        answer(frame, gl_push(&encoder, sample, device_us));
    }
    answer(frame, gl_flush(&encoder, GL_FLAG_END));
    putchar(0);
    putchar(0);
    free(bits);
    free(channels);
    free(sample);
    free(samples);
    free(frame);
}

int main(void) {
    for (int n_channels = getchar(); n_channels != EOF; n_channels = getchar()) {
        run_case((uint32_t)n_channels);
    }
    return 0;
}
