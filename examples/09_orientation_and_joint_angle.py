"""Two motion sensors round a knee: how they sit, how they are turned, and the angle between."""

import numpy as np
from matplotlib.figure import Figure
from scipy.spatial.transform import Rotation

from wearables.events import SampleBlock
from wearables.signals import run
from wearables.signals.motion import JointAngles, Orientation, find_hinge, segment_rotation

RATE_HZ, GRAVITY_M_S2 = 100.0, 9.80665
time_s = np.arange(round(40 * RATE_HZ)) / RATE_HZ
# Stands still, swings the whole leg, then squats: thigh and shank turn against each other.
swinging = (time_s > 4) & (time_s < 14)
squatting = np.clip((time_s - 15) / 2, 0, 1) * (1 - np.cos(2 * np.pi * 0.3 * (time_s - 15)))
thigh = swinging * 0.4 * np.sin(2 * np.pi * 0.5 * time_s) - 0.5 * squatting
knee = 0.9 * squatting
# Segment axes x left, y up, z forward; the world has z up.
R_world_body = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
mounted = [Rotation.from_euler("xyz", angles) for angles in ((0.2, 1.1, -0.3), (-0.4, 2.0, 0.5))]
rng = np.random.default_rng(2)


def sensor(angle_rad: np.ndarray, mount: Rotation) -> SampleBlock:
    """What a sensor on a segment reads that turns about the axis to the left."""
    rate = np.gradient(angle_rad, 1 / RATE_HZ)[:, None] * np.array([1.0, 0, 0])
    turn = Rotation.from_rotvec(angle_rad[:, None] * np.array([1.0, 0, 0]))
    up = turn.inv().apply(R_world_body.T @ np.array([0, 0, GRAVITY_M_S2]))
    values = np.concatenate([mount.apply(up), mount.apply(rate)], axis=1)
    values += rng.normal(0, [0.05] * 3 + [0.01] * 3, values.shape)
    names = tuple(
        f"{kind}_{a}_{u}" for kind, u in (("acc", "m_s2"), ("gyr", "rad_s")) for a in "xyz"
    )
    return SampleBlock(stream="imu", first_index=0, time_s=time_s, values=values, channels=names)


blocks = [sensor(thigh, mounted[0]), sensor(thigh + knee, mounted[1])]
# The swing tells the axis: both sensors turn the same way about it.
swing = [block.values[swinging, 3:] for block in blocks]
hinge = find_hinge(*swing)
still = [block.values[time_s < 3, :3].mean(axis=0) for block in blocks]
# It points to the left if the first swing, which goes back, turns about it.
sign = np.sign((swing[0] @ hinge.first)[:40].sum())
axes = [sign * hinge.first, sign * hinge.second]
R_sensor_segment = [segment_rotation(up, left) for up, left in zip(still, axes, strict=True)]
for name, R, mount in zip(("thigh", "shank"), R_sensor_segment, mounted, strict=True):
    off = np.degrees((Rotation.from_matrix(R) * mount.inv()).magnitude())
    print(f"{name} sensor: how it sits was found within {off:.1f} degrees")

turned = [run(Orientation(rate_hz=RATE_HZ), [block])[0] for block in blocks]
both = SampleBlock(
    stream="knee", first_index=0, time_s=time_s,
    values=np.concatenate([one.values for one in turned], axis=1),
    channels=tuple(f"{side}_{c}" for side in "ul" for c in turned[0].channels),
)  # fmt: skip
joint = JointAngles(rate_hz=RATE_HZ, R_upper=R_sensor_segment[0], R_lower=R_sensor_segment[1])
(angles,) = run(joint, [both])
error = np.degrees(angles.values[:, 0] - knee)[time_s > 18]
print(f"knee angle: RMS error {np.sqrt(np.mean(error**2)):.1f} degrees over squats to 103 degrees")

figure = Figure(figsize=(9, 3), layout="constrained")
axis = figure.add_subplot()
axis.plot(time_s, np.degrees(knee), color="0.7", lw=3, label="truth")
axis.plot(time_s, np.degrees(angles.values[:, 0]), lw=1, label="from two sensors")
axis.set(xlabel="time [s]", ylabel="knee flexion [degrees]", xlim=(0, 35))
axis.legend()
figure.savefig("knee.png", dpi=110)
