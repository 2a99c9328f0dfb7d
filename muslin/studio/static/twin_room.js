// @ts-check
/** An old session on the twin: figure and cloth move, measured beside predicted strain, one slider. */
import { getBytes, getJson, post } from "/static/api.js";
import { readMesh } from "/static/mesh.js";
import { options } from "/static/options.js";
import { Strip } from "/static/strips.js";
import { View } from "/static/view.js";
import { clock, plain } from "/static/words.js";

const FRAME_MS = 40;
const CURSOR = "now";

/** @param {string} id */
const $ = (id) => /** @type {any} */ (document.getElementById(id));

export class TwinRoom {
  /** @param {import("/static/live.js").Live} live @param {import("/static/avatar.js").Avatar} avatar
   * @param {any} counters @param {() => void} leave */
  constructor(live, avatar, counters, leave) {
    this.avatar = avatar;
    this.counters = counters;
    this.isOpen = false;
    /** @type {any} */ this.session = null;
    /** @type {any} */ this.replay = null;
    /** @type {View | null} */ this.view = null;
    /** @type {{strip: Strip, columns: any[]}[]} */ this.strips = [];
    this.playing = 0;
    $("twin-start").onclick = () => this.guarded(() => this.start());
    $("twin-stop").onclick = () => this.guarded(() => post("/api/twins/stop"));
    $("twin-close").onclick = leave;
    $("twin-play").onclick = () => this.play();
    $("twin-scrub").oninput = () => this.show(this.time());
    live.on("twin", (state) => void this.guarded(() => this.hear(state)));
  }

  /** @param {() => Promise<any>} work */
  async guarded(work) {
    try {
      await work();
    } catch (error) {
      $("twin-text").textContent = String(/** @type {Error} */ (error).message);
    }
  }

  /** @param {any} session of the catalogue */
  async open(session) {
    this.isOpen = true;
    this.session = session;
    $("twin").hidden = false;
    $("strips").hidden = true;
    $("twin-text").textContent = "The session must start with a still stand.";
    const { garments } = await getJson("/api/twins/garments");
    options($("twin-garment"), garments);
  }

  /** Put it away. @returns {boolean} whether it was open */
  close() {
    const wasOpen = this.isOpen;
    this.halt();
    this.isOpen = false;
    $("twin").hidden = true;
    $("strips").hidden = false;
    this.clear();
    return wasOpen;
  }

  clear() {
    for (const { strip } of this.strips) strip.remove();
    this.strips = [];
    this.replay = null;
    $("twin-figure").hidden = true;
    $("twin-play").disabled = $("twin-scrub").disabled = true;
    $("twin-time").textContent = "";
  }

  async start() {
    this.halt();
    this.clear();
    const wish = {
      garment: $("twin-garment").value, bent_deg: Number($("twin-bent").value), both_sides: $("twin-both").checked,
      with_cloth: $("twin-cloth").checked, seconds: Math.min(120, Math.max(1, this.session.duration_s)),
    };
    const { id } = await post(`/api/sessions/${this.session.id}/twin`, wish);
    this.asked = id;
  }

  /** @param {any} state */
  async hear(state) {
    const isIdle = state.phase === "idle";
    $("twin-start").disabled = !isIdle;
    $("twin-stop").disabled = isIdle;
    if (!this.isOpen) return;
    if (state.trouble || state.text) $("twin-text").textContent = state.trouble ?? state.text;
    if (isIdle && state.replayed && state.replayed === this.asked && !this.replay) await this.arrive(state.replayed);
  }

  /** @param {number} id */
  async arrive(id) {
    this.replay = readMesh(await getBytes(`/api/twins/${id}`));
    const { replay } = this;
    const told = Object.entries(replay.sources).map(([name, source]) => {
      const [low, high] = replay.angles_deg[name].map((/** @type {number} */ deg) => Math.round(deg) + 0);
      return `${plain(name)} ${low} to ${high}° from ${String(source).split(",")[0]}`;
    });
    $("twin-text").textContent = told.join("; ");
    $("twin-figure").hidden = !replay.has_cloth;
    if (replay.has_cloth) {
      this.view ??= new View($("twin-view"));
      this.view.show(replay, true);
      this.view.look("left", 2);
      this.view.track(true);
      $("twin-caption").textContent = "garment as the drape lays it";
    }
    this.strips = replay.lines.map((/** @type {any} */ line, /** @type {number} */ i) => this.strip(line, i));
    if (!this.strips.length) this.strips = [this.angles()];
    $("twin-play").disabled = $("twin-scrub").disabled = false;
    $("twin-scrub").value = 0;
    this.show(0);
    this.counters.twinLines = replay.lines.length;
    this.counters.twinFrames = replay.arrays.pose_s.length;
    this.play();
  }

  /** @param {any} line @param {number} i */
  strip(line, i) {
    const { arrays, start_s } = this.replay;
    const gain = Number(line.gain.toPrecision(3));
    const stream = { channels: [`measured ÷ ${gain}`, "predicted"], units: ["%", "%"] };
    const strip = new Strip($("twin-strips"), { title: line.name, stream, channels: [0, 1] });
    const said = line.correlation === null ? "constant" : `r = ${line.correlation.toFixed(2)}`;
    strip.quality.title = "Correlation of the two; the measured line is divided by its reading for each predicted strain";
    strip.quality.textContent = said;
    const time = Array.from(arrays[`line_${i}_time_s`], (t) => t - start_s);
    return { strip, columns: [time, ...["measured", "predicted"].map((name) => Array.from(arrays[`line_${i}_${name}_percent`]))] };
  }

  /** A garment without strain lines shows the angles that its modules tell. */
  angles() {
    const { arrays, sources } = this.replay;
    const names = Object.keys(sources).slice(0, 6);
    const stream = { channels: names, units: names.map(() => "°") };
    const strip = new Strip($("twin-strips"), { title: "Joint angles", stream, channels: names.map((_, k) => k) });
    return { strip, columns: [Array.from(arrays.pose_s), ...names.map((name) => Array.from(arrays[`angle_${name}`]))] };
  }

  /** @returns {number} */
  get length() { return this.replay.arrays.pose_s.at(-1); }

  time() { return (Number($("twin-scrub").value) / 1000) * this.length; }

  /** Show a moment of the replay. @param {number} time_s */
  show(time_s) {
    if (!this.replay) return;
    const { arrays, parts } = this.replay;
    const n = 4 * parts.length, i = at(arrays.pose_s, time_s);
    this.avatar.pose(parts, arrays.turns_wxyz.subarray(0, n), arrays.turns_wxyz.subarray(i * n, (i + 1) * n));
    if (arrays.frame_s && this.view) {
      this.view.pose(this.replay, at(arrays.frame_s, time_s));
      this.view.track(false);
    }
    for (const { strip, columns } of this.strips) {
      strip.markers = [{ time_s, text: CURSOR }];
      strip.draw(columns, 0, this.length);
    }
    $("twin-time").textContent = `${clock(time_s)}.${Math.floor((time_s % 1) * 10)} of ${clock(this.length)}`;
    this.counters.twinShown = i;
  }

  /** Play on from the slider, or stop. */
  play() {
    if (this.playing) { this.halt(); return; }
    $("twin-play").textContent = "Pause";
    let time_s = this.time() >= this.length - 1e-3 ? 0 : this.time(), last = performance.now();
    this.playing = setInterval(() => {
      const now = performance.now();
      time_s += (now - last) / 1000;
      last = now;
      if (time_s > this.length) time_s = 0;
      $("twin-scrub").value = (1000 * time_s) / this.length;
      this.show(time_s);
    }, FRAME_MS);
  }

  halt() {
    clearInterval(this.playing);
    this.playing = 0;
    $("twin-play").textContent = "Play";
  }
}

/** The last of rising times that is not after a moment. @param {Float32Array} times @param {number} time_s */
function at(times, time_s) {
  let low = 0, high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= time_s) low = middle;
    else high = middle - 1;
  }
  return low;
}
