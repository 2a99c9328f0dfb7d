/* Not built here. One work item samples the motion sensor at 200 Hz and feeds the encoder; frames
 * leave as notifications. Strain and ECG follow the same pattern. */
#include <zephyr/bluetooth/bluetooth.h>
#include <zephyr/bluetooth/gatt.h>
#include <zephyr/bluetooth/uuid.h>
#include <zephyr/kernel.h>

#include "garment.h"

#define GARMENT_UUID(n) BT_UUID_128_ENCODE(0x7a1e0000 + (n), 0x5b0d, 0x4c3e, 0x9f52, 0x1d6c0a77e001)

static struct bt_uuid_128 service = BT_UUID_INIT_128(GARMENT_UUID(1));
static struct bt_uuid_128 data = BT_UUID_INIT_128(GARMENT_UUID(2));

BT_GATT_SERVICE_DEFINE(garment_service, BT_GATT_PRIMARY_SERVICE(&service),
                       BT_GATT_CHARACTERISTIC(&data.uuid, BT_GATT_CHRC_NOTIFY,
                                              BT_GATT_PERM_READ_ENCRYPT, NULL, NULL, NULL),
                       BT_GATT_CCC(NULL, BT_GATT_PERM_READ | BT_GATT_PERM_WRITE_ENCRYPT));

static uint64_t now_us(void) {
    return k_ticks_to_us_floor64(k_uptime_ticks());
}

void garment_send(const uint8_t *frame, size_t n) {
    /* A frame that finds no buffer is a counted loss; with a log it comes back later. */
    (void)bt_gatt_notify(NULL, &garment_service.attrs[1], frame, (uint16_t)n);
}

static void sample_imu(struct k_work *work) {
    int32_t counts[6] = {0}; /* fill from the sensor's driver */
    ARG_UNUSED(work);
    garment_imu(counts, now_us());
    garment_tick(now_us());
}

static K_WORK_DEFINE(imu_work, sample_imu);

static void on_timer(struct k_timer *timer) {
    ARG_UNUSED(timer);
    k_work_submit(&imu_work);
}

static K_TIMER_DEFINE(imu_timer, on_timer, NULL);

int main(void) {
    const struct bt_data advertised[] = {
        BT_DATA_BYTES(BT_DATA_FLAGS, BT_LE_AD_GENERAL | BT_LE_AD_NO_BREDR),
        BT_DATA_BYTES(BT_DATA_UUID128_ALL, GARMENT_UUID(1)),
    };
    if (garment_start(1) != 0 || bt_enable(NULL) != 0) {
        return 1;
    }
    bt_le_adv_start(BT_LE_ADV_CONN_FAST_1, advertised, ARRAY_SIZE(advertised), NULL, 0);
    k_timer_start(&imu_timer, K_MSEC(5), K_MSEC(5));
    return 0;
}
