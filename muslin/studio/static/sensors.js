// @ts-check
/** Sensors of the garment that is shown: placed by pointing or over a landmark, read, removed, saved. */
import { getBytes, getJson, post, save } from "/static/api.js";
import { options } from "/static/options.js";
import { SENSORS } from "/static/words.js";

const LINES = ["strain_line"];
const CLICK = "";

/** @param {string} id */
const $ = (id) => /** @type {any} */ (document.getElementById(id));

export class Sensors {
  /** @param {import("/static/view.js").View} view @param {(work: () => Promise<any>) => Promise<any>} guarded @param {any} counters */
  constructor(view, guarded, counters) {
    this.view = view;
    this.counters = counters;
    /** @type {number | null} */ this.fit = null;
    this.isPlacing = false;
    /** @type {any[]} */ this.points = [];
    /** @type {any[]} */ this.rows = [];
    options($("sensor-kind"), Object.entries(SENSORS));
    options($("sensor-over"), [[CLICK, "where I click"]]);
    this.guarded = (/** @type {() => Promise<any>} */ work) => guarded(() => this.told(work));
    this.listen();
  }

  listen() {
    $("tab-verdict").onclick = () => this.enter("verdict");
    $("tab-sensors").onclick = () => this.enter("sensors");
    $("sensor-place").onclick = () => this.guarded(() => this.place());
    $("sensor-finish").onclick = () => this.guarded(() => this.finish());
    $("sensor-cancel").onclick = () => this.leave();
    $("sensor-kind").onchange = () => this.leave();
    $("save-sensors").onclick = () => this.guarded(() => this.file("toml", "garment.sensors.toml"));
    $("save-dxf").onclick = () => this.guarded(() => this.file("dxf", "garment.dxf"));
    $("save-svg").onclick = () => this.guarded(() => this.file("svg", "garment.svg"));
    const { canvas } = this.view;
    /** @type {number[]} */ let down = [];
    canvas.addEventListener("pointerdown", (event) => { down = [event.clientX, event.clientY]; });
    canvas.addEventListener("click", (event) => {
      // A drag turns the picture and points at nothing.
      const isDrag = Math.hypot(event.clientX - down[0], event.clientY - down[1]) > 5;
      if (!this.isPlacing || isDrag) return;
      event.stopImmediatePropagation(); // it places, and keeps no reading
      void this.guarded(() => this.put(event.clientX, event.clientY));
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** What goes wrong is told beside the sensors too. @param {() => Promise<any>} work */
  async told(work) {
    try {
      await work();
    } catch (error) {
      this.say(String(/** @type {Error} */ (error).message));
      throw error;
    }
  }

  /** @param {string} text */
  say(text) { $("sensor-text").textContent = text; }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.isPlacing) return;
    const box = this.view.canvas.getBoundingClientRect();
    if (event.key === "Escape") this.leave();
    else if (event.key === "f" && this.points.length > 1) void this.guarded(() => this.finish());
    else if (event.key === "Enter") void this.guarded(() => this.put(box.left + box.width / 2, box.top + box.height / 2));
    else return;
    event.preventDefault();
  }

  /** @param {"verdict" | "sensors"} panel */
  enter(panel) {
    for (const name of ["verdict", "sensors"]) {
      $(name).hidden = name !== panel;
      $(`tab-${name}`).setAttribute("aria-selected", String(name === panel));
    }
    if (panel === "verdict") this.leave();
    else void this.guarded(() => this.load());
  }

  /** The fit that is shown now. @param {number | null} fit */
  async of(fit) {
    this.leave();
    this.fit = fit;
    $("sensor-place").disabled = fit === null;
    this.tell({ sensors: [], landmarks: [] });
    if (fit !== null && !$("sensors").hidden) await this.load();
  }

  async load() {
    if (this.fit === null) return;
    this.tell(await getJson(`/api/fits/${this.fit}/sensors`));
    this.say("Choose a kind and press Place.");
  }

  async place() {
    const over = $("sensor-over").value;
    if (over !== CLICK) { await this.add({ over }); return; }
    this.isPlacing = true;
    this.points = [];
    this.show();
    const isLine = LINES.includes($("sensor-kind").value);
    this.say(isLine
      ? "Click along the line, then finish it. Keys on the picture: Enter puts a point in the ring, F finishes, Escape leaves."
      : "Click on the garment. Keys on the picture: arrows turn it, Enter places in the ring, Escape leaves.");
  }

  /** @param {number} x @param {number} y */
  async put(x, y) {
    const hit = this.view.hit(x, y);
    if (!hit) { this.say("There is no garment at this point."); return; }
    this.points.push(hit);
    if (!LINES.includes($("sensor-kind").value)) await this.finish();
    else {
      this.say(`${this.points.length} points of the line`);
      this.show();
    }
  }

  async finish() {
    const points = this.points.map(({ face, weights }) => [face, ...weights]);
    this.leave();
    await this.add({ points });
  }

  /** @param {object} where */
  async add(where) {
    const kind = $("sensor-kind").value;
    this.tell(await post(`/api/fits/${this.fit}/sensors`, { do: "add", kind, ...where }));
    const { name, verdict, problem } = this.rows[this.rows.length - 1];
    this.say(`${name} placed: ${problem ?? verdict}`);
  }

  leave() {
    this.isPlacing = false;
    this.points = [];
    this.show();
  }

  /** @param {{sensors: any[], landmarks: string[][]}} told */
  tell({ sensors, landmarks }) {
    this.rows = sensors;
    this.counters.sensors = sensors.length;
    const chosen = $("sensor-over").value;
    options($("sensor-over"), [[CLICK, "where I click"], ...landmarks]);
    if (landmarks.some(([key]) => key === chosen)) $("sensor-over").value = chosen;
    $("sensor-list").replaceChildren(...sensors.map((row) => this.item(row)));
    for (const id of ["save-sensors", "save-dxf", "save-svg"]) $(id).disabled = !sensors.length;
    this.show();
  }

  /** @param {any} row */
  item(row) {
    const made = document.createElement("li");
    const remove = document.createElement("button");
    remove.textContent = "Remove";
    remove.setAttribute("aria-label", `Remove ${row.name}`);
    remove.onclick = () => this.guarded(() => this.remove(row.name));
    const name = document.createElement("b");
    name.textContent = row.name;
    made.append(remove, name, /** @type {any} */ (SENSORS)[row.kind]);
    for (const [text, kind] of lines(row)) {
      const line = document.createElement("p");
      line.textContent = text;
      line.className = kind;
      made.append(line);
    }
    return made;
  }

  /** @param {string} name */
  async remove(name) {
    this.tell(await post(`/api/fits/${this.fit}/sensors`, { do: "remove", name }));
    this.say(`${name} removed`);
  }

  /** @param {string} kind @param {string} name */
  async file(kind, name) {
    save(new Blob([await getBytes(`/api/fits/${this.fit}/sensors/${kind}`)]), name);
    this.say(`${name} saved`);
  }

  /** Marks on the picture and the buttons that go with what is being done. */
  show() {
    const isLine = this.isPlacing && LINES.includes($("sensor-kind").value);
    $("sensor-finish").hidden = !isLine;
    $("sensor-finish").disabled = this.points.length < 2;
    $("sensor-cancel").hidden = $("cross").hidden = !this.isPlacing;
    $("sensor-place").hidden = this.isPlacing;
    this.view.canvas.parentElement?.classList.toggle("placing", this.isPlacing);
    const isOpen = !$("sensors").hidden;
    this.view.mark(isOpen ? this.rows.filter((row) => row.patch_m) : [], this.points.map((hit) => hit.point));
  }
}

/** What is told of a sensor, line by line, with the class of its words. @param {any} row @returns {[string, string][]} */
function lines(row) {
  if (row.problem) return [[row.problem, "poor"]];
  const [u, v] = row.uv_mm;
  const length = row.length_mm === null ? "" : `, ${row.length_mm.toFixed(0)} mm long`;
  const kind = row.works === null ? "fair" : row.works ? "good" : "poor";
  return [
    [`${row.panel} at (${u.toFixed(0)}, ${v.toFixed(0)}) mm${length}`, ""],
    [`${row.region}: ${row.place}`, ""],
    [`${row.pressure_kpa.toFixed(2)} kPa, ${(row.contact_share * 100).toFixed(0)} % in contact, strain ${row.strain_percent.toFixed(1)} %`, ""],
    [row.verdict, kind],
  ];
}
