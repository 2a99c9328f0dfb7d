/* The part of a garment's firmware that every board shares. */
#ifndef GARMENT_H
#define GARMENT_H

#include <stddef.h>
#include <stdint.h>

/* What the board provides: send one frame, or store it until there is a link. */
void garment_send(const uint8_t *frame, size_t n);

/* Boot counter from flash. Returns 0, or an error of gl_core.h. */
int32_t garment_start(uint16_t session);

/* What the descriptor command sends, and its first bytes for the Info characteristic. */
const uint8_t *garment_descriptor(size_t *n);
const uint8_t *garment_descriptor_hash(void);

/* One sample of a stream, from its work queue. Returns 0, or an error of gl_core.h. */
int32_t garment_strain(const int32_t counts[8], uint64_t device_us);
int32_t garment_imu(const int32_t counts[6], uint64_t device_us);
int32_t garment_ecg(int32_t count, uint64_t device_us);

/* The sensor's own queue ran over and lost samples of the motion sensor. */
void garment_imu_lost(uint32_t n_samples);

/* Call at least every 50 ms: sends what has waited long enough. */
void garment_tick(uint64_t now_us);

/* Before a stop, a reset or a change of rate. */
void garment_stop(void);

#endif
