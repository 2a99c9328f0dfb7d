/* Ten seconds of fake sensors, written as packets of a serial line: first the descriptor, then the
 * frames. Read them with read_packets.py beside this file. */
#include "garment.h"
#include "gl_frames.h"
#include "gl_schema.h"

#include <stdio.h>

#define SECONDS 10u
#define TICK_US 1000u

static uint8_t packet[GL_COBS_SIZE(GL_DESCRIPTOR_SIZE)];

static void write_packet(const uint8_t *data, size_t n) {
    fwrite(packet, 1, gl_cobs(packet, data, n), stdout);
}

void garment_send(const uint8_t *frame, size_t n) {
    write_packet(frame, n);
}

/* A triangle wave: what a breathing chest looks like to somebody in a hurry. */
static int32_t wave(uint64_t us, uint64_t period_us, int32_t height) {
    const uint64_t half_us = period_us / 2u, at_us = us % period_us;
    const uint64_t up_us = at_us < half_us ? at_us : period_us - at_us;
    return (int32_t)(up_us * (uint64_t)height / half_us);
}

static int32_t sample(uint64_t us) {
    int32_t error = 0;
    if (us % 10000u == 0u) {
        int32_t counts[8];
        for (int32_t c = 0; c < 8; c++) {
            counts[c] = 1000 + 10 * c + wave(us, 4000000u, 800);
        }
        error = garment_strain(counts, us);
    }
    if (error == 0 && us % 5000u == 0u) {
        const int32_t counts[6] = {0, 0, 8192, wave(us, 1000000u, 2000) - 1000, 0, 0};
        error = garment_imu(counts, us);
    }
    if (error == 0 && us % 2000u == 0u) {
        error = garment_ecg(us % 800000u < 80000u ? 20000 : -200, us);
    }
    return error;
}

int main(void) {
    size_t n = 0;
    const uint8_t *descriptor = garment_descriptor(&n);
    write_packet(descriptor, n);
    int32_t error = garment_start(1);
    for (uint64_t us = 0; error == 0 && us < SECONDS * 1000000u; us += TICK_US) {
        if (us == 5000000u) {
            garment_imu_lost(40);
        }
        error = sample(us);
        garment_tick(us);
    }
    garment_stop();
    return error == 0 ? 0 : 1;
}
