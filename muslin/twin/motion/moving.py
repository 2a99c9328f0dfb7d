"""A sensor garment worn through the key poses of a motion: what each sensor feels at each of them.

The garment comes to rest in the first pose and then follows the skin from key to key; friction
anchors travel with the skin. Only the joints under the garment move, since the rest of the body
changes nothing of what it feels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.body import Body
from fitting.body.posing import rig_of, turned_body
from fitting.body.rig import Rotations
from fitting.cloth import Cloth, Fabric, garment_levels_on_body
from fitting.cloth.skin import Skin
from fitting.drape import Drape, DrapeSettings, drape_sequence
from fitting.pattern import Pattern
from muslin.twin.motion.binding import Binding, bind
from muslin.twin.motion.crop import crop_near
from muslin.twin.motion.frames import MotionFrames
from muslin.twin.motion.keyposes import KeyMap, joints_under, only, pick_keys, pose_features
from muslin.twin.sensors.grip import Grip, gripping
from muslin.twin.sensors.locate import Site, locate
from muslin.twin.sensors.resolve import Dressed, resolve
from muslin.twin.sensors.sensor import SensorPlan

N_KEYS = 5
EDGE_LENGTH_M = 0.012
# Time the cloth has from one key to the next; long, since every pose is approached at rest.
_APPROACH_S = 2.0
Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WornMoving:
    """A garment worn through key poses.

    Attributes:
        cloth: Its mesh.
        sites: Its sensors on the mesh.
        joints: Joints that bend the skin under it.
        bodies: The body in each key pose.
        drapes: The garment in each key pose.
        rotations: Rotations of the body's joints in each key pose.
        features: The key poses, shape (n_keys, d) [rad].
        key_s: When the motion is in each key pose, shape (n_keys,).
    """

    cloth: Cloth
    sites: tuple[Site, ...]
    joints: tuple[str, ...]
    bodies: tuple[Body, ...]
    rotations: tuple[Rotations, ...]
    drapes: tuple[Drape, ...]
    features: Rows
    key_s: Rows

    def strain(self, site: Site) -> Rows:
        """Strain along a sensor at each key, shape (n_keys,)."""
        return np.array([site.strain(drape.positions_m) for drape in self.drapes])

    def pressure_pa(self, site: Site) -> Rows:
        """Mean contact pressure under a sensor at each key, shape (n_keys,)."""
        return np.array([
            float(site.mean(site.values(contact_pressure_pa(self.cloth, drape))))
            for drape in self.drapes
        ])  # fmt: skip

    def strain_at(self, site: Site, frames: MotionFrames) -> Rows:
        """Strain along a sensor in every frame, shape (n_frames,)."""
        return self._at(self.strain(site)[:, None], frames)[:, 0]

    def pressure_at(self, site: Site, frames: MotionFrames) -> Rows:
        """Mean contact pressure under a sensor in every frame, shape (n_frames,) [Pa]."""
        return self._at(self.pressure_pa(site)[:, None], frames)[:, 0]

    def binding(self) -> Binding:
        """The cloth, to be laid on the body in any pose."""
        return bind([drape.positions_m for drape in self.drapes], self.bodies, self.features)

    def _at(self, readings: Rows, frames: MotionFrames) -> Rows:
        keys = KeyMap(features=self.features, readings=readings)
        return keys.at(pose_features(frames, self.joints))

    def mount_at(self, site: Site, frames: MotionFrames) -> tuple[str, Rows, Rows]:
        """How a module sits on its segment in every frame.

        Returns:
            The joint of its segment, place in the segment's frame (n_frames, 3) [m], and
            ``R_segment_sensor``, shape (n_frames, 3, 3).
        """
        from scipy.spatial.transform import Rotation

        joint = segment_under(self.bodies[0], site.mean(site.points_m(self.drapes[0].positions_m)))
        rows, first = [], None
        for body, drape, turns in zip(self.bodies, self.drapes, self.rotations, strict=True):
            R = turns[joint]
            place = site.mean(site.points_m(drape.positions_m)) - body.joints_m[joint]
            turn = Rotation.from_matrix(R.T @ site.R_world_sensor(drape.positions_m))
            first = first or turn
            rows.append(np.concatenate([R.T @ place, (first.inv() * turn).as_rotvec()]))
        found = self._at(np.stack(rows), frames)
        turns = (first or Rotation.identity()) * Rotation.from_rotvec(found[:, 3:])
        return joint, found[:, :3], turns.as_matrix()


def wear_moving(
    pattern: Pattern,
    plans: tuple[SensorPlan, ...],
    fabric: Fabric,
    body: Body,
    frames: MotionFrames,
    *,
    n_keys: int = N_KEYS,
    edge_length_m: float = EDGE_LENGTH_M,
    grip: Grip | None = None,
    seed: int = 0,
) -> WornMoving:
    """Drape a garment in the key poses of a motion.

    Args:
        pattern: The garment in one size.
        plans: Its sensors.
        fabric: What it is made of.
        body: Who wears it.
        frames: The motion on that body.
        n_keys: Most key poses.
        edge_length_m: Edge length of the mesh.
        grip: What its edges grip the skin with; None for the fabric alone.
        seed: Seed of the run.

    Raises:
        FittingError: If it cannot be placed or draped.
        SensorError: If a sensor has no place on it.
    """
    still = turned_body(body, {j: np.eye(3) for j in frames.R_world}, name="a", anchor="pelvis")
    levels, fabrics = gripping(
        garment_levels_on_body(pattern, still, edge_length_m=edge_length_m), fabric, grip
    )
    cloth = levels.finest
    _, near = Skin(still).nearest(cloth.positions_m, 1)
    joints = joints_under(body, np.unique(near))
    features = pose_features(frames, joints)
    keys = pick_keys(features, n_keys)
    rotations = tuple(only(frames, int(i), joints) for i in keys)
    posed = [turned_body(body, R, name=frames.name, anchor="pelvis") for R in rotations]
    # The cloth starts on the body at rest; from there it follows to the first key.
    crop = crop_near(still, cloth.positions_m)
    part = [still, *posed] if crop is None else [crop.of(each) for each in (still, *posed)]
    drapes = tuple(drape_sequence(
        levels, part, fabrics, frame_s=_APPROACH_S, settle=False,
        settings=DrapeSettings(n_threads=1),
        rng=np.random.default_rng(seed),
    ))[1:]  # fmt: skip
    dressed = Dressed(body=posed[0], cloth=cloth, positions_m=drapes[0].positions_m)
    sites = tuple(locate(sensor, cloth) for sensor in resolve(plans, pattern, dressed=dressed))
    return WornMoving(
        cloth=cloth, sites=sites, joints=joints, bodies=tuple(posed), rotations=rotations,
        drapes=drapes, features=features[keys], key_s=frames.time_s[keys],
    )  # fmt: skip


def contact_pressure_pa(cloth: Cloth, drape: Drape) -> Rows:
    """Contact force over the area of each vertex, shape (n_vertices,)."""
    corners = drape.positions_m[cloth.faces]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    share = np.repeat(np.linalg.norm(cross, axis=1) / 6, 3)
    area = np.bincount(cloth.faces.ravel(), share, minlength=len(drape.positions_m))
    return drape.contact_force_n / np.maximum(area, 1e-12)


def segment_under(body: Body, point_m: Rows) -> str:
    """Joint that moves the skin beside a point most."""
    rig = rig_of(body)
    near = np.linalg.norm(body.vertices_m - point_m, axis=1).argsort()[:12]
    return rig.joint_names[int(rig.weights[near].mean(axis=0).argmax())]


def line_order(site: Site, cloth: Cloth) -> NDArray[np.int64]:
    """Pieces of a line in the order of its path, shape (n,)."""
    flat = cloth.flat_uv_m[cloth.flat_faces[site.faces]]
    points = np.einsum("nk,nkd->nd", site.barycentric, flat)
    return np.argsort(points @ np.array(site.sensor.axis))


def skin_stretch(site: Site, worn: WornMoving) -> Rows:
    """How far the skin under a line stretches against the first key pose, shape (n_keys,).

    The line is drawn on the skin where it lies in the first pose and stays on that skin.
    """
    from trimesh.triangles import closest_point, points_to_barycentric

    body = worn.bodies[0]
    points = site.points_m(worn.drapes[0].positions_m)[line_order(site, worn.cloth)]
    centers = body.vertices_m[body.faces].mean(axis=1)
    rows, shares = [], []
    for point in points:
        near = np.linalg.norm(centers - point, axis=1).argsort()[:24]
        corners = body.vertices_m[body.faces[near]]
        on_skin = np.asarray(closest_point(corners, np.tile(point, (len(near), 1))))
        best = int(np.linalg.norm(on_skin - point, axis=1).argmin())
        rows.append(near[best])
        shares.append(points_to_barycentric(corners[best][None], on_skin[best][None])[0])
    lengths = []
    for posed in worn.bodies:
        path = np.einsum("nk,nkd->nd", np.array(shares), posed.vertices_m[posed.faces[rows]])
        lengths.append(float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum()))
    return np.array(lengths) / lengths[0] - 1
