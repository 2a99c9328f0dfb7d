/* The walk of twenty thousand samples (V6) on an emulated Cortex-M3, board mps2-an385. Prints
 * frames, bytes, chained checksum and SysTick ticks of 40 instructions each (-icount shift=0). */
#include "gl_core.h"

#define N_SAMPLES 20000u
#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)

void reset(void);

__attribute__((section(".vectors"), used)) static const uintptr_t vectors[2] = {
    0x20400000u, (uintptr_t)reset};

static void semihost(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

static void print(uint32_t value) {
    char text[12];
    uint32_t i = sizeof text - 1u;
    text[i] = 0;
    text[--i] = ' ';
    do {
        text[--i] = (char)('0' + value % 10u);
        value /= 10u;
    } while (value != 0u);
    semihost(0x04, text + i);
}

static gl_sample samples[255 * 6];
static gl_channel channels[6];
static uint8_t frame[244];
static const int8_t bits[6] = {-16, -16, -16, -16, -16, -16};
static const gl_config config = {bits, samples, channels, frame, 500000, 244, 2, 6, 255};
static gl_encoder encoder;
static uint32_t n_frames, n_bytes;
static uint16_t chained = 0xFFFF;

static void count(int32_t length) {
    if (length > 0) {
        n_frames++;
        n_bytes += (uint32_t)length;
        chained = gl_crc16(chained, frame, (size_t)length);
    }
}

void reset(void) {
    int32_t row[6] = {0, 0, 0, 0, 0, 0};
    uint32_t seed = 1, spent = 0;
    SYST_RVR = 0xFFFFFFu;
    SYST_CVR = 0;
    SYST_CSR = 5;
    gl_init(&encoder, &config, 1);
    for (uint32_t i = 0; i < N_SAMPLES; i++) {
        for (uint32_t c = 0; c < 6; c++) {
            seed = 1664525u * seed + 1013904223u;
            row[c] += (int32_t)(seed >> 26) - 32;
            row[c] = row[c] > 32767 ? 32767 : row[c] < -32768 ? -32768 : row[c];
        }
        const uint32_t before = SYST_CVR;
        const int32_t length = gl_push(&encoder, row, (uint64_t)i * 5000u);
        spent += (before - SYST_CVR) & 0xFFFFFFu;
        count(length);
    }
    count(gl_flush(&encoder, 0));
    print(n_frames);
    print(n_bytes);
    print(chained);
    print(spent);
    const uint32_t done[2] = {0x20026, 0};
    semihost(0x18, (const void *)(uintptr_t)done[0]);
    for (;;) {
    }
}
