// @ts-check
/** Fit room: choose, drape, read, compare, save. */
import { getBytes, post, save, upload } from "/static/api.js";
import { BodyChoices } from "/static/body_choices.js";
import { drawLegend, paintLegend } from "/static/legend.js";
import { readMesh } from "/static/mesh.js";
import { options } from "/static/options.js";
import { Sensors } from "/static/sensors.js";
import { View } from "/static/view.js";
import { plain } from "/static/words.js";

const MESHES = [[0.024, "coarse"], [0.016, "normal"], [0.011, "fine"]];

/** @param {string} id */
const $ = (id) => /** @type {any} */ (document.getElementById(id));

export class FitRoom {
  /** @param {import("/static/live.js").Live} live @param {any} state @param {any} counters */
  constructor(live, state, counters) {
    this.choices = state.choices;
    this.project = state.project;
    this.counters = counters;
    this.view = new View($("view-a"));
    this.other = new View($("view-b"));
    this.view.onMove = () => !$("second").hidden && this.other.follow(this.view);
    /** @type {Map<number, any>} */ this.fits = new Map();
    this.shown = 0;
    this.mapName = this.project.map;
    this.isKept = false;
    this.playing = 0;
    this.body = new BodyChoices(state);
    this.sensors = new Sensors(this.view, (work) => this.guarded(work), counters);
    this.fill(state.uploads);
    this.listen(live);
    if (state.fits.length) void this.arrive(state.fits[state.fits.length - 1]);
  }

  /** @param {any[]} uploads */
  fill(uploads) {
    const { choices, project } = this;
    options($("pose"), choices.poses.map((/** @type {string} */ p) => [p, plain(p)]));
    options($("pattern"), [
      ...choices.blocks.map((/** @type {any} */ b) => [b.name, b.text]),
      ...uploads.filter((u) => u.kind === "pattern").map((u) => [`upload:${u.id}`, u.label]),
    ]);
    options($("fabric"), choices.fabrics.map((/** @type {string} */ f) => [f, plain(f)]));
    options($("size"), choices.sizes.map((/** @type {number} */ s) => [s, s ? (s > 0 ? `+${s}` : s) : "drafted"]));
    options($("mesh"), MESHES);
    $("mesh").value = 0.016;
    for (const name of ["pose", "pattern", "fabric", "size"])
      if ([...$(name).options].some((o) => o.value === String(project[name]))) $(name).value = project[name];
  }

  /** @param {import("/static/live.js").Live} live */
  listen(live) {
    $("preset").onchange = () => this.guarded(() => this.body.preset());
    $("sex").onchange = () => this.guarded(() => this.body.preset());
    $("scan-file").onchange = () => this.guarded(() => this.bring($("scan-file").files[0]));
    $("pattern").onchange = () => {
      const block = this.choices.blocks.find((/** @type {any} */ b) => b.name === $("pattern").value);
      if (block) $("fabric").value = block.fabric;
    };
    $("file").onchange = () => this.guarded(() => this.bring($("file").files[0]));
    $("drop").ondragover = (/** @type {DragEvent} */ event) => event.preventDefault();
    $("drop").ondrop = (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file) void this.guarded(() => this.bring(file));
    };
    $("drape").onclick = () => this.guarded(() => this.drape());
    $("stop-drape").onclick = () => this.guarded(() => post("/api/fits/stop"));
    for (const button of document.querySelectorAll("[data-view]"))
      /** @type {any} */ (button).onclick = () => this.view.look(/** @type {any} */ (button).dataset.view);
    $("compare").onchange = () => this.guarded(() => this.compare());
    $("save-picture").onclick = () => this.guarded(() => this.picture());
    $("save-glb").onclick = () => this.guarded(() => this.file("glb", "fit.glb"));
    $("save-sheet").onclick = () => this.guarded(() => this.file("sheet", "fit.png"));
    $("move").onclick = () => this.guarded(() => post(`/api/fits/${this.shown}/move`, { motion: $("motion").value }));
    $("play").onclick = () => this.play();
    this.point($("view-a"), this.view, () => this.fits.get(this.shown));
    this.point($("view-b"), this.other, () => this.fits.get(Number($("compare").value)));
    document.addEventListener("theme", () => this.chooseMap(this.mapName));
    live.on("fit", (state) => this.guarded(() => this.show(state)));
    live.on("preview", (event) => this.guarded(() => this.arrive({ id: event.id, is_preview: true })));
  }

  /** @param {HTMLElement} canvas @param {View} view @param {() => any} fit */
  point(canvas, view, fit) {
    let isWaiting = false;
    canvas.addEventListener("pointermove", (event) => {
      if (isWaiting || this.isKept || event.buttons || this.sensors.isPlacing) return;
      isWaiting = true;
      requestAnimationFrame(() => {
        isWaiting = false;
        if (!this.isKept) this.read(view.pick(event.clientX, event.clientY), fit(), false);
      });
    });
    canvas.addEventListener("click", (event) => {
      const i = view.pick(event.clientX, event.clientY);
      this.isKept = i !== null;
      this.read(i, fit(), true);
    });
  }

  /** @param {number | null} i vertex @param {any} fit @param {boolean} isKept */
  read(i, fit, isKept) {
    const mesh = fit?.mesh;
    if (i === null || !mesh || mesh.is_preview) {
      $("readout").textContent = "Point at the garment to read it; click to keep the value.";
      return;
    }
    const texts = mesh.maps.map((/** @type {any} */ map) => {
      const value = mesh.arrays[`map_${map.name}`][i];
      const other = map.second && Number.isFinite(value) ? ` (${(value * map.second[0]).toFixed(0)} ${map.second[1]})` : "";
      const text = Number.isFinite(value) ? `${value.toFixed(map.unit === "kPa" ? 2 : 1)} ${map.unit}${other}` : "unknown";
      return map.name === this.mapName ? [`${map.title} ${text}`, 0] : [`${map.title.toLowerCase()} ${text}`, 1];
    });
    texts.sort((/** @type {any} */ a, /** @type {any} */ b) => a[1] - b[1]);
    const place = `${mesh.panels[mesh.arrays.cloth_panel[i]]}, ${mesh.regions[mesh.arrays.cloth_region[i]]}`;
    $("readout").textContent = `${isKept ? "Kept: " : ""}${place}: ${texts.map((/** @type {any} */ t) => t[0]).join(", ")}`;
    this.counters.read = { vertex: i, isKept };
  }

  /** @param {File} file */
  async bring(file) {
    $("fit-text").textContent = `reading ${file.name}`;
    const made = await upload(file);
    const isScan = made.kind === "scan", select = isScan ? $("preset") : $("pattern");
    const option = new Option(made.label, `${isScan ? "scan" : "upload"}:${made.id}`);
    select.append(option);
    select.value = option.value;
    $("fit-text").textContent = `${made.label}: ${made.told}`;
    if (isScan) await this.body.preset();
  }

  async drape() {
    const chosen = {
      sex: $("sex").value, pose: $("pose").value, pattern: $("pattern").value, fabric: $("fabric").value,
      size: Number($("size").value), measures_cm: this.body.measures(),
    };
    const { scan } = this.body;
    this.asked_ms = performance.now();
    this.counters.firstPicture_s = null;
    this.isKept = false;
    await post("/api/project", { ...chosen, map: this.mapName });
    await post("/api/fits", { ...chosen, scan, edge_m: Number($("mesh").value) });
  }

  /** @param {any} state */
  async show(state) {
    const isIdle = state.phase === "idle";
    $("drape").disabled = !isIdle;
    $("stop-drape").disabled = isIdle;
    $("fit-progress").value = isIdle ? 0 : state.share;
    if (state.trouble) $("fit-text").textContent = state.trouble;
    else if (state.text) $("fit-text").textContent = state.text;
    if (isIdle && state.scanned) this.body.found(state.scanned);
    if (isIdle && state.moved) await this.moved(state.moved);
    if (isIdle && state.fitted && this.fits.get(state.fitted)?.mesh.is_preview !== false) await this.arrive(state.summary);
  }

  /** @param {number} id */
  async moved(id) {
    const fit = this.fits.get(id);
    if (!fit) return;
    fit.clip = readMesh(await getBytes(`/api/fits/${id}/clip`));
    this.counters.poses = fit.clip.n_frames;
    $("play").disabled = false;
    $("fit-text").textContent = `${fit.clip.n_frames} poses; the colours stay those of the fit at rest`;
    if (!this.playing) this.play();
  }

  /** Play the movement to and fro, or stop and show the fit again. */
  play() {
    const { clip } = this.fits.get(this.shown) ?? {};
    clearInterval(this.playing);
    const wasPlaying = this.playing;
    this.playing = 0;
    $("play").textContent = "Play";
    if (wasPlaying || !clip) { if (this.view.body) this.view.pose(null, 0); return; }
    $("play").textContent = "Stop playing";
    let i = 0;
    const turn = 2 * (clip.n_frames - 1);
    this.playing = setInterval(() => {
      i = (i + 1) % turn;
      this.view.pose(clip, i < clip.n_frames ? i : turn - i);
    }, 120);
  }

  /** @param {any} summary */
  async arrive(summary) {
    if (this.playing) this.play();
    $("play").disabled = true;
    const mesh = readMesh(await getBytes(`/api/fits/${summary.id}/mesh`));
    if (mesh.is_preview && this.fits.get(summary.id)?.mesh.is_preview === false) return;
    const isNew = !this.fits.has(summary.id);
    this.fits.set(summary.id, { summary, mesh });
    this.shown = summary.id;
    this.view.show(mesh, isNew);
    if (this.asked_ms && this.counters.firstPicture_s === null) this.counters.firstPicture_s = (performance.now() - this.asked_ms) / 1000;
    $("caption-a").textContent = mesh.is_preview ? "as sewn, not draped yet" : summary.title;
    for (const id of ["save-picture", "save-glb", "save-sheet", "move"]) $(id).disabled = mesh.is_preview;
    if (!mesh.is_preview) this.judge(summary, mesh);
    await this.sensors.of(mesh.is_preview ? null : summary.id);
    this.counters.fits = [...this.fits.values()].filter((fit) => !fit.mesh.is_preview).length;
  }

  /** @param {any} summary @param {any} mesh */
  judge(summary, mesh) {
    if (this.asked_ms) this.counters.draped_s = (performance.now() - this.asked_ms) / 1000;
    $("fit-text").textContent = `draped ${summary.n_vertices} vertices in ${summary.solve_s.toFixed(1)} s`;
    $("fit-title").textContent = summary.title;
    this.body.achieved(summary.achieved_cm);
    const badge = $("badge");
    badge.hidden = false;
    badge.textContent = summary.converged ? "converged" : `NOT converged: ${summary.cause}`;
    badge.className = `badge ${summary.converged ? "good" : "poor"}`;
    $("sentences").replaceChildren(...[...summary.sentences, ...summary.warnings].map((/** @type {string} */ text) => item(text)));
    const rows = Object.entries(summary.ease_cm).map(([name, cm]) => {
      const row = document.createElement("tr");
      row.insertCell().textContent = name;
      row.insertCell().textContent = `${/** @type {number} */ (cm).toFixed(1)} cm`;
      return row;
    });
    $("numbers").tBodies[0].replaceChildren(...rows);
    $("fit-notes").textContent = `residual ${summary.residual?.toExponential(1) ?? "unknown"}, deepest ${summary.penetration_max_mm.toFixed(2)} mm in the body. ${summary.lines[1] ?? ""}`;
    this.fillMaps(mesh.maps);
    options($("compare"), [["", "nothing"], ...[...this.fits.values()].filter((f) => f.summary.id !== summary.id && !f.mesh.is_preview).map((f) => [f.summary.id, f.summary.title])]);
    void this.compare();
  }

  /** @param {any[]} maps */
  fillMaps(maps) {
    const buttons = maps.map((map) => {
      const button = document.createElement("button");
      button.textContent = map.title;
      button.setAttribute("role", "radio");
      button.dataset.map = map.name;
      button.onclick = () => this.chooseMap(map.name);
      return button;
    });
    $("maps").replaceChildren(...buttons);
    this.chooseMap(this.mapName);
  }

  /** @param {string} name */
  chooseMap(name) {
    const begun = performance.now();
    this.mapName = name;
    for (const button of $("maps").children) button.setAttribute("aria-checked", String(button.dataset.map === name));
    const mesh = this.fits.get(this.shown)?.mesh;
    const map = mesh?.maps.find((/** @type {any} */ m) => m.name === name);
    if (!map) return;
    this.view.paint(map);
    if (!$("second").hidden) this.other.paint(map);
    drawLegend($("legend"), map);
    this.counters.mapSwitch_s = (performance.now() - begun) / 1000;
  }

  async compare() {
    const beside = this.fits.get(Number($("compare").value));
    $("second").hidden = !beside;
    if (beside) {
      this.other.show(beside.mesh, false);
      $("caption-b").textContent = beside.summary.title;
      this.other.follow(this.view);
      this.chooseMap(this.mapName);
    }
    this.view.render();
  }

  async picture() {
    const views = $("second").hidden ? [this.view] : [this.view, this.other];
    const fits = [this.fits.get(this.shown), this.fits.get(Number($("compare").value))];
    for (const view of views) view.render();
    const { width, height } = this.view.canvas, column = Math.max(width, 640);
    const out = document.createElement("canvas");
    out.width = column * views.length;
    out.height = height + 110;
    const context = /** @type {CanvasRenderingContext2D} */ (out.getContext("2d"));
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, out.width, out.height);
    views.forEach((view, i) => {
      const { summary } = fits[i];
      context.drawImage(view.canvas, i * column + (column - width) / 2, 0);
      context.fillStyle = "#1c1f24";
      context.font = "18px system-ui";
      const text = `${summary.title}, ${summary.converged ? "converged" : "NOT converged"}`;
      context.fillText(text, i * column + 12, height + 24, column - 24);
    });
    const map = fits[0].mesh.maps.find((/** @type {any} */ m) => m.name === this.mapName);
    paintLegend(context, map, { x: 12, y: height + 44, width: 420, ink: "#1c1f24" });
    const blob = await new Promise((resolve) => out.toBlob(resolve, "image/png"));
    save(/** @type {Blob} */ (blob), `fit-${this.mapName}.png`);
  }

  /** @param {string} kind @param {string} name */
  async file(kind, name) {
    $("fit-text").textContent = `making ${name}`;
    save(new Blob([await getBytes(`/api/fits/${this.shown}/${kind}`)]), name);
    $("fit-text").textContent = `${name} saved`;
  }

  /** @param {() => Promise<any>} work */
  async guarded(work) {
    try {
      await work();
    } catch (error) {
      $("fit-text").textContent = String(/** @type {Error} */ (error).message);
    }
  }
}

/** @param {string} text */
function item(text) {
  const made = document.createElement("li");
  made.textContent = text;
  return made;
}
