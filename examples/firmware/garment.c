#include "garment.h"

#include "gl_schema.h"

/* ATT_MTU 247 - 3. */
#define FRAME_BYTES 244u

GL_STRAIN_ENCODER(strain, FRAME_BYTES, 255u);
GL_IMU_ENCODER(imu, FRAME_BYTES, 255u);
GL_ECG_ENCODER(ecg, FRAME_BYTES, 255u);

static gl_encoder *const encoders[GL_N_STREAMS] = {&strain, &imu, &ecg};

static int32_t sent(const gl_encoder *encoder, int32_t length) {
    if (length > 0) {
        garment_send(encoder->config->frame, (size_t)length);
        return 0;
    }
    return length;
}

int32_t garment_start(uint16_t session) {
    int32_t error = gl_init(&strain, &strain_config, session);
    error = error != 0 ? error : gl_init(&imu, &imu_config, session);
    return error != 0 ? error : gl_init(&ecg, &ecg_config, session);
}

const uint8_t *garment_descriptor(size_t *n) {
    *n = sizeof gl_descriptor;
    return gl_descriptor;
}

const uint8_t *garment_descriptor_hash(void) {
    return gl_descriptor_hash;
}

int32_t garment_strain(const int32_t counts[8], uint64_t device_us) {
    return sent(&strain, gl_push(&strain, counts, device_us));
}

int32_t garment_imu(const int32_t counts[6], uint64_t device_us) {
    return sent(&imu, gl_push(&imu, counts, device_us));
}

int32_t garment_ecg(int32_t count, uint64_t device_us) {
    return sent(&ecg, gl_push(&ecg, &count, device_us));
}

void garment_imu_lost(uint32_t n_samples) {
    sent(&imu, gl_skip(&imu, n_samples));
}

void garment_tick(uint64_t now_us) {
    for (size_t i = 0; i < GL_N_STREAMS; i++) {
        if (gl_is_due(encoders[i], now_us)) {
            sent(encoders[i], gl_flush(encoders[i], 0));
        }
    }
}

void garment_stop(void) {
    for (size_t i = 0; i < GL_N_STREAMS; i++) {
        sent(encoders[i], gl_flush(encoders[i], GL_FLAG_END));
    }
}
