// @ts-check
/** One picture of a body with a garment: drawn when something changes, read by pointing. */
import * as THREE from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";

const SKIN = [214, 208, 202], GREY = [160, 160, 160], SEAM = [40, 44, 52];
/** @type {Record<string, number[]>} */
const WAYS = { front: [0, 0, 1], back: [0, 0, -1], left: [1, 0, 0], right: [-1, 0, 0] };

/** Displayed colour of 0 to 255 to the linear one that the renderer wants. @param {number} c */
const linear = (c) => new THREE.Color().setRGB(c / 255, 0, 0, THREE.SRGBColorSpace).r;

export class View {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: true, alpha: true, preserveDrawingBuffer: true });
    this.scene = new THREE.Scene();
    // Light takes at most a third of the brightness: shading must not look like data.
    this.scene.add(new THREE.AmbientLight(0xffffff, 0.7 * Math.PI));
    this.lamp = new THREE.DirectionalLight(0xffffff, 0.3 * Math.PI);
    this.scene.add(this.lamp);
    this.camera = new THREE.PerspectiveCamera(28, 1, 0.4, 20);
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.enableDamping = false;
    this.controls.addEventListener("change", () => { this.render(); this.onMove(); });
    this.onMove = () => {};
    /** @type {any} */ this.mesh = null;
    /** @type {THREE.Mesh | null} */ this.cloth = null;
    /** @type {THREE.Group | null} */ this.marks = null;
    /** @type {THREE.Vector3 | null} */ this.held = null;
    this.ray = new THREE.Raycaster();
    this.nDrawn = 0;
    canvas.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.render()).observe(canvas);
    this.look("front");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const turn = { ArrowLeft: -0.15, ArrowRight: 0.15 }[event.key];
    if (!turn) return;
    event.preventDefault();
    this.camera.position.sub(this.controls.target).applyAxisAngle(new THREE.Vector3(0, 1, 0), turn).add(this.controls.target);
    this.controls.update();
  }

  /** @param {string} way @param {number} far how far beyond the garment's own size */
  look(way, far = 1) {
    const box = new THREE.Box3().setFromObject(this.cloth ?? this.scene);
    const middle = box.isEmpty() ? new THREE.Vector3(0, 0.9, 0) : box.getCenter(new THREE.Vector3());
    const size = box.isEmpty() ? 1.8 : box.getSize(new THREE.Vector3()).length();
    this.controls.target.copy(middle);
    this.camera.position.fromArray(WAYS[way]).multiplyScalar(1.25 * far * size / (2 * Math.tan(THREE.MathUtils.degToRad(14)))).add(middle);
    this.controls.update();
    this.render();
    this.onMove();
  }

  /** @param {View} other */
  follow(other) {
    this.camera.position.copy(other.camera.position);
    this.camera.quaternion.copy(other.camera.quaternion);
    this.controls.target.copy(other.controls.target);
    this.render();
  }

  /** @param {any} mesh @param {boolean} reframe */
  show(mesh, reframe) {
    for (const child of [...this.scene.children])
      if (child instanceof THREE.Mesh) { this.scene.remove(child); child.geometry.dispose(); }
    this.marks?.removeFromParent();
    this.mesh = mesh;
    this.body = this.make(mesh.arrays.body_positions, mesh.arrays.body_faces, SKIN, THREE.FrontSide);
    this.scene.add(this.body);
    this.cloth = this.make(mesh.arrays.cloth_positions, mesh.arrays.cloth_faces, GREY, THREE.DoubleSide);
    this.scene.add(this.cloth);
    const { seam_positions: seams, seam_faces: faces } = mesh.arrays;
    this.seams = seams ? this.make(seams, faces, SEAM, THREE.DoubleSide) : null;
    if (this.seams) this.scene.add(this.seams);
    if (reframe) this.look("front"); else this.render();
  }

  /** @param {Float32Array} points @param {Int32Array} faces @param {number[]} rgb @param {THREE.Side} side */
  make(points, faces, rgb, side) {
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute("position", new THREE.BufferAttribute(points, 3));
    geometry.setIndex(new THREE.BufferAttribute(new Uint32Array(faces), 1));
    geometry.computeVertexNormals();
    const colors = new Float32Array(points.length);
    for (let i = 0; i < points.length; i++) colors[i] = linear(rgb[i % 3]);
    geometry.setAttribute("color", new THREE.BufferAttribute(colors, 3));
    // The skin counts as a little further away, so that cloth on it does not flicker; nothing moves.
    const isSkin = side === THREE.FrontSide;
    const offset = { polygonOffset: isSkin, polygonOffsetFactor: 1.5, polygonOffsetUnits: 4 };
    return new THREE.Mesh(geometry, new THREE.MeshLambertMaterial({ vertexColors: true, side, ...offset }));
  }

  /** @param {THREE.Mesh} mesh @param {Float32Array} points */
  move(mesh, points) {
    mesh.geometry.setAttribute("position", new THREE.BufferAttribute(points, 3));
    mesh.geometry.computeVertexNormals();
    mesh.geometry.computeBoundingSphere();
  }

  /** Show one pose of a movement, or with none the fit itself. @param {any} clip @param {number} i */
  pose(clip, i) {
    const arrays = this.mesh.arrays;
    /** @param {Float32Array} all @param {number} n */
    const at = (all, n) => all.subarray(i * n, (i + 1) * n);
    const body = clip ? at(clip.arrays.body_frames, arrays.body_positions.length) : arrays.body_positions;
    const cloth = clip ? at(clip.arrays.cloth_frames, arrays.cloth_positions.length) : arrays.cloth_positions;
    this.move(/** @type {THREE.Mesh} */ (this.body), body);
    this.move(/** @type {THREE.Mesh} */ (this.cloth), cloth);
    const seams = clip?.arrays.seam_frames;
    if (this.seams && seams) this.move(this.seams, at(seams, arrays.seam_positions.length));
    // Without frames of their own they belong to the fit at rest.
    for (const still of [seams ? null : this.seams, this.marks]) if (still) still.visible = !clip;
    this.render();
  }

  /** Keep the garment where it is in the picture while it moves. @param {boolean} anew from here on */
  track(anew) {
    const { geometry } = /** @type {THREE.Mesh} */ (this.cloth);
    geometry.computeBoundingBox();
    const middle = /** @type {THREE.Box3} */ (geometry.boundingBox).getCenter(new THREE.Vector3());
    const way = anew || !this.held ? new THREE.Vector3() : middle.clone().sub(this.held);
    this.held = middle;
    this.camera.position.add(way);
    this.controls.target.add(way);
    this.controls.update();
  }

  /** Colour the garment by a map; what is not known stays grey. @param {any} map */
  paint(map) {
    if (!this.cloth || !map) return;
    const values = this.mesh.arrays[`map_${map.name}`];
    const table = map.colors.map((/** @type {number[]} */ rgb) => rgb.map(linear));
    const grey = GREY.map(linear), last = table.length - 1;
    const colors = /** @type {THREE.BufferAttribute} */ (this.cloth.geometry.getAttribute("color"));
    for (let i = 0; i < values.length; i++) {
      const share = (values[i] - map.low) / (map.high - map.low);
      const rgb = Number.isFinite(share) ? table[Math.round(Math.min(1, Math.max(0, share)) * last)] : grey;
      colors.setXYZ(i, rgb[0], rgb[1], rgb[2]);
    }
    colors.needsUpdate = true;
    this.render();
  }

  /** Triangle of the garment under a point of the canvas. @param {number} x @param {number} y */
  hit(x, y) {
    if (!this.cloth) return null;
    const box = this.canvas.getBoundingClientRect();
    const at = new THREE.Vector2(((x - box.left) / box.width) * 2 - 1, 1 - ((y - box.top) / box.height) * 2);
    this.ray.setFromCamera(at, this.camera);
    const [hit] = this.ray.intersectObject(this.cloth);
    if (!hit?.face) return null;
    const [skin] = this.body ? this.ray.intersectObject(this.body) : [];
    if (skin && skin.distance < hit.distance - 0.01) return null; // that cloth lies behind the body
    const points = this.cloth.geometry.getAttribute("position");
    const corners = [hit.face.a, hit.face.b, hit.face.c];
    const [a, b, c] = corners.map((i) => new THREE.Vector3().fromBufferAttribute(points, i));
    const weights = new THREE.Triangle(a, b, c).getBarycoord(hit.point, new THREE.Vector3());
    if (!weights) return null;
    return { face: /** @type {number} */ (hit.faceIndex), corners, weights: weights.toArray(), point: hit.point };
  }

  /** Vertex of the garment under a point of the canvas. @param {number} x @param {number} y */
  pick(x, y) {
    const found = this.hit(x, y);
    return found && found.corners[found.weights.indexOf(Math.max(...found.weights))];
  }

  /** Sensors on the garment, and points of a line that is being drawn.
   * @param {{patch_m: number[], color: number[]}[]} patches @param {THREE.Vector3[]} dots */
  mark(patches, dots) {
    this.marks?.removeFromParent();
    this.marks = new THREE.Group();
    for (const { patch_m, color } of patches) {
      const geometry = new THREE.BufferGeometry();
      geometry.setAttribute("position", new THREE.Float32BufferAttribute(patch_m, 3));
      const rgb = new THREE.Color().setRGB(color[0] / 255, color[1] / 255, color[2] / 255, THREE.SRGBColorSpace);
      this.marks.add(new THREE.Mesh(geometry, new THREE.MeshBasicMaterial({ color: rgb, side: THREE.DoubleSide })));
    }
    for (const dot of dots) {
      const ball = new THREE.Mesh(new THREE.SphereGeometry(0.004), new THREE.MeshBasicMaterial({ color: 0xec802c }));
      ball.position.copy(dot);
      this.marks.add(ball);
    }
    this.scene.add(this.marks);
    this.render();
  }

  /** Where a vertex is on the page; a test and the keyboard point with it. @param {number} i */
  place(i) {
    const points = /** @type {THREE.Mesh} */ (this.cloth).geometry.getAttribute("position");
    const at = new THREE.Vector3().fromBufferAttribute(points, i).project(this.camera);
    const box = this.canvas.getBoundingClientRect();
    return { x: box.left + ((at.x + 1) / 2) * box.width, y: box.top + ((1 - at.y) / 2) * box.height };
  }

  render() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    this.renderer.setPixelRatio(Math.min(window.devicePixelRatio, 2));
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    this.lamp.position.copy(this.camera.position).add(new THREE.Vector3(-1, 1, 0));
    this.renderer.render(this.scene, this.camera);
    this.nDrawn += 1;
  }
}
