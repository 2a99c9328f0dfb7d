"""Claim: ten times faster to rest than newton's Style3D and VBD on the CPU, same scene.

The T-shirt block on the demo's body. The peers (newton, Apache-2.0) run in an interpreter of their
own, from the same welded mesh, start, flat shapes and fabric: axial and shear stiffness enter
Style3D as they are, its bending likewise; VBD gets the mean stiffness as its first and the
coupling as its second Lame parameter, and hinges for the bending. What is eased for the peers:
no cloth against cloth, and nine tenths of the velocity kept a frame, as here a step. Rest is the
same for all: less than 0.5 mm mean displacement in three simulated seconds, less than 1 mm/s.
Here the drape goes on to the balance of forces; the peers need not. A peer that is not at rest at
its time limit gives a lower bound of the ratio.

Run: python benchmarks/drape_peers.py --peer-python venv/bin/python [--edge 0.0165]
[--seconds 240] [--solvers style3d vbd] [--json]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

FRAME_S = 1 / 60
SETTINGS = {"style3d": (2, 4), "vbd": (4, 10)}  # substeps a frame, iterations each
REST_FRAMES = 180
VELOCITY_KEPT = 0.9


def our_scene(edge_m):
    """Garment, body and fabric."""
    from fitting.body import body_from_measurements, default_measurements
    from fitting.cloth import garment_levels_on_body, load_fabric
    from fitting.pattern import complete_measures, draft_block

    given, sex = default_measurements()
    fitted = body_from_measurements(given, sex=sex)
    pattern = draft_block("tshirt", complete_measures(given, fitted.achieved))
    garment = garment_levels_on_body(pattern, fitted.body, edge_length_m=edge_m, n_levels=3)
    return garment, fitted.body, load_fabric("cotton_jersey")


def our_drape(garment, body, fabric):
    """Seconds to rest and to balance, compilation not counted."""
    from fitting.drape import DrapeSettings, drape

    rows = {}
    for name, most in (("warm", np.inf), ("rest", np.inf), ("balance", 1e-2)):
        cpu = time.process_time()
        d = drape(
            garment, body, (fabric,), settings=DrapeSettings(residual_max=most),
            rng=np.random.default_rng(0),
        )  # fmt: skip
        rows[name] = {
            "wall_s": d.wall_s, "cpu_s": time.process_time() - cpu, "cause": d.cause,
            "positions": d.positions_m,
        }  # fmt: skip
    return rows


def write_scene(path, garment, body, fabric):
    """What a peer needs, as arrays."""
    cloth = garment.finest
    np.savez(
        path, x=cloth.positions_m, faces=cloth.faces, uv=cloth.rest_uv_m,
        body_x=body.vertices_m, body_faces=body.faces,
        tensile=[fabric.tensile_warp_n_m, fabric.tensile_weft_n_m, fabric.tensile_coupling_n_m],
        shear=fabric.shear_n_m_rad,
        bending=[fabric.bending_warp_n_m, fabric.bending_weft_n_m, fabric.bending_twist_n_m],
        density=fabric.area_density_kg_m2, friction=fabric.friction_skin,
        offset=fabric.thickness_m / 2 + 1e-3,
    )  # fmt: skip


def peer_model(s, solver):
    """newton's model of the scene; runs in the peer's interpreter."""
    import newton
    import warp as wp
    from newton.solvers import style3d

    builder = newton.ModelBuilder(up_axis=newton.Axis.Y)
    place = {"pos": wp.vec3(0, 0, 0), "rot": wp.quat_identity(), "vel": wp.vec3(0, 0, 0),
             "vertices": s["x"].tolist(), "indices": s["faces"].ravel().tolist(), "scale": 1.0,
             "density": float(s["density"]), "particle_radius": float(s["offset"])}  # fmt: skip
    cu, cv, cuv = (float(v) for v in s["tensile"])
    bu, bv, bt = (float(v) for v in s["bending"])
    flat = s["uv"].reshape(-1, 2)
    d = np.stack([s["uv"][:, 1] - s["uv"][:, 0], s["uv"][:, 2] - s["uv"][:, 0]], axis=2)
    turned = np.linalg.det(d) < 0
    if solver == "style3d":
        newton.solvers.SolverStyle3D.register_custom_attributes(builder)
        flat = np.where(np.repeat(turned, 3)[:, None], flat * [-1, 1], flat)
        style3d.add_cloth_mesh(
            builder, **place, panel_verts=flat.tolist(),
            panel_indices=np.arange(len(flat)).tolist(),
            tri_aniso_ke=wp.vec3(cv, cu, float(s["shear"])), edge_aniso_ke=wp.vec3(bv, bu, bt),
        )  # fmt: skip
    else:
        length = float(np.median(np.linalg.norm(np.diff(s["uv"], axis=1), axis=2)))
        builder.add_cloth_mesh(
            **place, tri_ke=(cu + cv) / 4, tri_ka=cuv, tri_kd=1e-6,
            edge_ke=1.155 * (bu + bv) / 2 / length, edge_kd=0.0,
        )  # fmt: skip
        mirrored = np.where(turned[:, None, None], d * np.array([[-1.0], [1.0]]), d)
        builder.tri_poses[:] = np.linalg.inv(mirrored).tolist()
        builder.tri_areas[:] = (np.abs(np.linalg.det(d)) / 2).tolist()
        builder.color(include_bending=True)
    builder.add_shape_mesh(body=-1, mesh=newton.Mesh(s["body_x"], s["body_faces"].ravel().tolist()))
    model = builder.finalize(device="cpu")
    model.soft_contact_ke, model.soft_contact_kd = 2.0e3, 1.0e-5
    model.soft_contact_mu = float(s["friction"])
    model.set_gravity((0.0, -9.81, 0.0))
    return model


def run_peer(scene, out, solver, seconds):
    """Step a peer until rest or until its time is over; runs in the peer's interpreter."""
    import newton
    import warp as wp

    wp.config.log_level = wp.LOG_WARNING
    s = np.load(scene)
    n_substeps, n_iterations = SETTINGS[solver]
    with wp.ScopedDevice("cpu"):
        model = peer_model(s, solver)
        if solver == "style3d":
            config = newton.solvers.SolverStyle3D.Config(iterations=n_iterations)
            engine = newton.solvers.SolverStyle3D(model, config=config)
        else:
            engine = newton.solvers.SolverVBD(model, iterations=n_iterations)
        now, then, control = model.state(), model.state(), model.control()
        pipeline = newton.CollisionPipeline(model)
        contacts = pipeline.contacts()
        history, start, cpu, n_frames, still = [], None, 0.0, 0, False
        while not still:
            pipeline.collide(now, contacts)
            for _ in range(n_substeps):
                now.clear_forces()
                engine.step(now, then, control, contacts, FRAME_S / n_substeps)
                now, then = then, now
            velocity = now.particle_qd.numpy()
            now.particle_qd.assign(VELOCITY_KEPT * velocity)
            history.append(now.particle_q.numpy().copy())
            if start is None:  # kernels were compiled in the first frame
                start, cpu = time.perf_counter(), time.process_time()
                continue
            n_frames += 1
            speed = float(np.sqrt((velocity**2).sum(axis=1).mean()))
            gone = float("inf")
            if len(history) > REST_FRAMES:
                gone = float(np.linalg.norm(history[-1] - history.pop(0), axis=1).mean())
            still = gone < 5e-4 and speed < 1e-3
            if time.perf_counter() - start > seconds or not np.isfinite(speed):
                break
    wall_s, cpu_s = time.perf_counter() - start, time.process_time() - cpu
    np.save(out.with_suffix(".npy"), history[-1])
    out.write_text(json.dumps({
        "solver": solver, "substeps_x_iterations": f"{n_substeps} x {n_iterations}",
        "frames": n_frames, "wall_s": wall_s, "cpu_s": cpu_s, "at_rest": still,
        "finite": bool(np.isfinite(speed)),
        "speed_mm_s": 1e3 * speed, "gone_mm": 1e3 * gone if np.isfinite(gone) else None,
        "version": newton.__version__,
    }))  # fmt: skip


def peer(python, scene, solver, seconds, folder):
    """Run one peer, and read what it says."""
    out = folder / f"{solver}.json"
    command = [python, __file__, "--worker", solver, "--seconds", str(seconds),
               "--scene", str(scene), "--out", str(out)]  # fmt: skip
    subprocess.run(command, check=True, timeout=seconds + 300, stdout=sys.stderr)
    return json.loads(out.read_text()), np.load(out.with_suffix(".npy"))


def depth_of(body, positions):
    """Deepest vertex in the body and how many are inside."""
    from fitting.drape.sdf import build_tree, signed_distance

    if not np.isfinite(positions).all():
        return None, None
    phi, _, _ = signed_distance(build_tree(body.vertices_m, body.faces), positions)
    return float(max(0.0, -phi.min())) * 1e3, int((phi < 0).sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-python", help="interpreter that has newton")
    parser.add_argument("--edge", type=float, default=0.0165)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--solvers", nargs="+", default=["style3d", "vbd"])
    parser.add_argument("--worker")
    parser.add_argument("--scene", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.worker:
        run_peer(options.scene, options.out, options.worker, options.seconds)
        return
    garment, body, fabric = our_scene(options.edge)
    ours = our_drape(garment, body, fabric)
    result = {"vertices": len(garment.finest.positions_m), "peers": []}
    for name in ("rest", "balance"):
        positions = ours[name].pop("positions")
        deepest, inside = depth_of(body, positions)
        result[name] = ours[name] | {"deepest_mm": deepest, "inside": inside}
    with tempfile.TemporaryDirectory() as folder:
        scene = Path(folder) / "scene.npz"
        write_scene(scene, garment, body, fabric)
        for solver in options.solvers:
            row, positions = peer(
                options.peer_python or sys.executable, scene, solver, options.seconds,
                Path(folder),
            )  # fmt: skip
            row["deepest_mm"], row["inside"] = depth_of(body, positions)
            row["ratio"] = row["wall_s"] / result["rest"]["wall_s"]
            row["cpu_ratio"] = row["cpu_s"] / result["rest"]["cpu_s"]
            result["peers"].append(row)
    if options.json:
        print(json.dumps(result))
        return
    for name in ("rest", "balance"):
        print(name, {k: round(v, 3) if isinstance(v, float) else v for k, v in
                     result[name].items()})  # fmt: skip
    for row in result["peers"]:
        sign = "" if row["at_rest"] else "at least "
        print(row, f"-> {sign}{row['ratio']:.1f} times the wall time, "
              f"{sign}{row['cpu_ratio']:.1f} times the processor time")  # fmt: skip


if __name__ == "__main__":
    main()
