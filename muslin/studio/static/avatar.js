// @ts-check
/** The wearer as a figure of capsules; the part that carries the sensor turns as it turns. */
import * as THREE from "three";

const SKIN = 0xd6d0ca, MOVED = 0x2f7fae;
// Parts: name, joint it hangs from, length [m], radius [m], direction at rest, parent.
/** @type {[string, number[], number, number, number[], string][]} */
const PARTS = [
  ["torso", [0, 1.0, 0], 0.46, 0.13, [0, 1, 0], ""],
  ["head", [0, 1.56, 0], 0.1, 0.09, [0, 1, 0], "torso"],
  ["left upper arm", [0.2, 1.42, 0], 0.28, 0.045, [0.12, -1, 0], "torso"],
  ["right upper arm", [-0.2, 1.42, 0], 0.28, 0.045, [-0.12, -1, 0], "torso"],
  ["left forearm", [0.235, 1.13, 0], 0.26, 0.036, [0.06, -1, 0], "left upper arm"],
  ["right forearm", [-0.235, 1.13, 0], 0.26, 0.036, [-0.06, -1, 0], "right upper arm"],
  ["left thigh", [0.09, 0.93, 0], 0.42, 0.07, [0.03, -1, 0], ""],
  ["right thigh", [-0.09, 0.93, 0], 0.42, 0.07, [-0.03, -1, 0], ""],
  ["left shank", [0.105, 0.5, 0], 0.4, 0.05, [0.01, -1, 0], "left thigh"],
  ["right shank", [-0.105, 0.5, 0], 0.4, 0.05, [-0.01, -1, 0], "right thigh"],
];
/** @type {[RegExp, string][]} */
const WORDS = [[/wrist|forearm|hand|lower arm/, "forearm"], [/upper arm|elbow/, "upper arm"], [/thigh|knee/, "thigh"], [/shank|calf|ankle|foot|shoe/, "shank"]];

/** Part that a site of the garment's schema lies on. @param {string} site */
export function partOf(site) {
  const found = WORDS.find(([words]) => words.test(site));
  return found ? `${/left/.test(site) ? "left" : "right"} ${found[1]}` : /head/.test(site) ? "head" : "torso";
}

export class Avatar {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.scene = new THREE.Scene();
    this.scene.add(new THREE.AmbientLight(0xffffff, 2.2));
    const light = new THREE.DirectionalLight(0xffffff, 1.2);
    light.position.set(-1, 2, 3);
    this.scene.add(light);
    this.camera = new THREE.PerspectiveCamera(32, 1, 0.1, 10);
    this.camera.position.set(0.9, 1.3, 3.2);
    this.camera.lookAt(0, 0.88, 0);
    /** @type {Map<string, THREE.Group>} */ this.parts = new Map();
    /** @type {string[]} */ this.moved = [];
    /** @type {(THREE.Quaternion | null)[]} */ this.start = [];
    this.nTurns = 0;
    for (const part of PARTS) this.add(part);
    this.render();
  }

  /** @param {(typeof PARTS)[number]} part */
  add([name, at, length, radius, along, parent]) {
    const group = new THREE.Group();
    const material = new THREE.MeshLambertMaterial({ color: SKIN });
    const mesh = new THREE.Mesh(new THREE.CapsuleGeometry(radius, length, 4, 12), material);
    const way = new THREE.Vector3(...along).normalize();
    mesh.quaternion.setFromUnitVectors(new THREE.Vector3(0, 1, 0), way);
    mesh.position.copy(way).multiplyScalar(length / 2);
    group.add(mesh);
    const holder = this.parts.get(parent);
    group.position.fromArray(at);
    if (holder) group.position.sub(new THREE.Vector3(...this.worldOf(parent)));
    (holder ?? this.scene).add(group);
    this.parts.set(name, group);
  }

  /** @param {string} name */
  worldOf(name) { return /** @type {number[]} */ (PARTS.find((part) => part[0] === name)?.[1] ?? [0, 0, 0]); }

  /** @param {string[]} sites */
  show(sites) {
    this.moved = sites.map((site) => (site ? partOf(site) : ""));
    this.start = sites.map(() => null);
    for (const [name, group] of this.parts) {
      group.quaternion.identity();
      const mesh = /** @type {THREE.Mesh} */ (group.children[0]);
      /** @type {THREE.MeshLambertMaterial} */ (mesh.material).color.set(this.moved.includes(name) ? MOVED : SKIN);
    }
    this.render();
  }

  /** What the wearer does now is the stance of the figure. */
  calibrate() { this.start = this.start.map(() => null); }

  /** @param {number} garment @param {Float32Array} wxyz turn of the sensor in a world with z up */
  turn(garment, wxyz) {
    const group = this.parts.get(this.moved[garment] ?? "");
    if (!group || !wxyz.every(Number.isFinite)) return;
    // The world has z up, the scene y up: (x, y, z) becomes (x, z, -y).
    const now = new THREE.Quaternion(wxyz[1], wxyz[3], -wxyz[2], wxyz[0]);
    this.start[garment] ??= now.clone().invert();
    this.place(group, now.multiply(/** @type {THREE.Quaternion} */ (this.start[garment])));
    this.nTurns += 1;
    this.render();
  }

  /** @param {THREE.Object3D} group @param {THREE.Quaternion} turned in the scene */
  place(group, turned) {
    const holder = /** @type {THREE.Object3D} */ (group.parent).getWorldQuaternion(new THREE.Quaternion());
    group.quaternion.copy(holder.invert().multiply(turned));
  }

  /** Turn parts as a body's parts are turned against its first pose; both worlds have y up.
   * @param {string[]} parts holders first @param {Float32Array} first @param {Float32Array} now wxyz of each part */
  pose(parts, first, now) {
    const at = (/** @type {Float32Array} */ all, /** @type {number} */ i) => new THREE.Quaternion(all[4 * i + 1], all[4 * i + 2], all[4 * i + 3], all[4 * i]);
    parts.forEach((part, i) => {
      const group = this.parts.get(part);
      if (group) this.place(group, at(now, i).multiply(at(first, i).invert()));
    });
    this.nTurns += 1;
    this.render();
  }

  /** @param {string} part @param {number} angle [rad] @param {number} way 1 or -1 */
  bend(part, angle, way) {
    const group = this.parts.get(part);
    if (!group) return;
    group.quaternion.setFromAxisAngle(new THREE.Vector3(1, 0, 0), way * angle);
    /** @type {THREE.MeshLambertMaterial} */ (/** @type {THREE.Mesh} */ (group.children[0]).material).color.set(MOVED);
    this.nTurns += 1;
    this.render();
  }

  render() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height || document.hidden) return;
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    this.renderer.render(this.scene, this.camera);
  }
}
