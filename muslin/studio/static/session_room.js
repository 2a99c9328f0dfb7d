// @ts-check
/** Session room: start a garment, see its strips, mark, stop; sessions and the wearer beside it. */
import { getJson, post } from "/static/api.js";
import { Avatar } from "/static/avatar.js";
import { History } from "/static/history.js";
import { jointsOf } from "/static/joint.js";
import { Ring } from "/static/ring.js";
import { Strip, groups } from "/static/strips.js";
import { TwinRoom } from "/static/twin_room.js";
import { clock, plain, vitalsText } from "/static/words.js";

const POSE_NUMBER = 200;
const LAGS_KEPT = 600;

/** @param {string} id */
const $ = (id) => /** @type {any} */ (document.getElementById(id));

export class SessionRoom {
  /** @param {import("/static/live.js").Live} live @param {any} project @param {any} counters */
  constructor(live, project, counters) {
    this.live = live;
    this.counters = counters;
    /** @type {Map<number, Ring>} */ this.rings = new Map();
    /** @type {{strip: Strip, ring: Ring, garment: number, stream: number}[]} */ this.strips = [];
    /** @type {{time_s: number, text: string}[]} */ this.markers = [];
    this.hasNew = false;
    this.phase = "idle";
    /** @type {number[]} */ this.ticks = [];
    /** @type {import("/static/joint.js").Joint[]} */ this.joints = [];
    /** @type {string[]} */ this.sites = [];
    this.avatar = new Avatar($("avatar"));
    this.history = new History($("strips"), () => this.toLive());
    this.twin = new TwinRoom(live, this.avatar, counters, () => this.toLive());
    $("garment").value = project.garment.startsWith("session:") ? "sim:" : project.garment;
    $("subject").value = project.subject;
    $("task").value = project.task;
    this.listen();
    requestAnimationFrame(() => this.draw());
    void this.showSessions();
  }

  listen() {
    $("start").onclick = () => this.guarded(() => this.start());
    $("stop").onclick = () => this.guarded(() => post("/api/recordings/tell", { do: "stop" }));
    $("pause").onclick = () =>
      this.guarded(() => post("/api/recordings/tell", { do: "pause", on: $("pause").textContent === "Pause" }));
    $("mark").onclick = () => this.guarded(() => this.mark());
    $("calibrate").onclick = () => { this.avatar.calibrate(); this.hold("straight"); };
    $("bent").onclick = () => this.hold("bent");
    $("look").onclick = () => this.guarded(() => this.look());
    document.addEventListener("theme", () => { this.hasNew = true; void this.history.draw(); });
    document.addEventListener("keydown", (event) => {
      const target = /** @type {HTMLElement} */ (event.target);
      const isTyping = ["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName);
      if (event.key === "m" && !isTyping && this.phase === "recording") void this.guarded(() => this.mark());
    });
    this.live.onSamples = (frame) => this.take(frame);
    this.live.on("recording", (state) => this.show(state));
    this.live.on("marker", (event) => this.addMarker(event));
    this.live.on("tick", (event) => this.ticks.push(event.host_s));
  }

  /** @param {() => Promise<any>} work */
  async guarded(work) {
    try {
      await work();
    } catch (error) {
      $("record-text").textContent = String(/** @type {Error} */ (error).message);
    }
  }

  async start() {
    this.toLive();
    const uri = $("garment").value.trim(), n = Number($("n-garments").value) || 1;
    const what = { subject: $("subject").value, task: $("task").value };
    void post("/api/project", { garment: uri, ...what });
    $("record-text").textContent = "starting";
    this.asked_ms = performance.now();
    Object.assign(this.counters, { firstStrip_s: null, samples: 0, redraws: 0 });
    await post("/api/recordings", { garments: Array(n).fill(uri), ...what });
  }

  /** @param {"straight" | "bent"} stance */
  hold(stance) {
    for (const joint of this.joints) joint.hold(stance);
    this.tellWearer();
  }

  /** What moves the figure, and what it still waits for. */
  tellWearer() {
    const { joints } = this;
    const turns = this.sites.filter(Boolean);
    const bends = joints.map((j) => (j.angle === null ? `${j.title}: hold both stances` : `${j.title} ${((j.angle * 180) / Math.PI).toFixed(0)}°`));
    $("avatar-text").textContent = [...turns, ...bends].join(", ") || "no motion sensor";
    $("bent").hidden = !joints.length;
  }

  /** Bluetooth devices in range, as addresses to choose. */
  async look() {
    const typed = $("garment").value.split("#")[0];
    const radio = /^(usb|tcp-client|os):/.test(typed) ? typed : "os:";
    $("record-text").textContent = `looking for devices on ${radio}`;
    const { devices } = await post("/api/devices/scan", { radio });
    const garments = devices.filter((/** @type {any} */ d) => d.garment);
    const options = garments.map((/** @type {any} */ d) => {
      const option = new Option(`${d.name || d.address}, ${d.rssi_dbm} dBm`, d.garment);
      option.dataset.found = "1";
      return option;
    });
    for (const old of document.querySelectorAll("#garment-kinds [data-found]")) old.remove();
    $("garment-kinds").prepend(...options);
    if (garments.length) $("garment").value = garments[0].garment;
    const others = devices.filter((/** @type {any} */ d) => !d.garment).map((/** @type {any} */ d) => d.name || d.address);
    const beside = others.length ? `; for ${others.join(", ")} use muslin record-device` : "";
    $("record-text").textContent = `${garments.length} garments in range${beside}`;
  }

  async mark() {
    await post("/api/recordings/tell", { do: "mark", text: $("marker-text").value || "marker" });
  }

  /** @param {any} event */
  addMarker(event) {
    this.markers.push(event);
    const item = document.createElement("li");
    item.textContent = `${clock(event.time_s)} ${event.text}`;
    $("markers").prepend(item);
    this.counters.markers = this.markers.length;
    this.hasNew = true;
  }

  /** @param {any} state */
  show(state) {
    const before = this.phase;
    this.phase = state.phase;
    const isRunning = state.phase === "recording";
    $("start").disabled = state.phase !== "idle";
    $("stop").disabled = state.phase === "idle" || state.phase === "stopping";
    $("pause").disabled = $("mark").disabled = !isRunning;
    $("pause").textContent = state.is_paused ? "Resume" : "Pause";
    if (isRunning && before !== "recording") this.build(state.schemas);
    this.start_host_s = state.start_host_s ?? this.start_host_s;
    this.tellPhase(state);
    this.showDevices(state.garments ?? []);
    if (state.phase === "idle" && before !== "idle") {
      void this.showSessions();
      void post("/api/recordings/warm", { garment: $("garment").value });
    }
  }

  /** @param {any} state */
  tellPhase(state) {
    const files = (state.ended ?? []).map((/** @type {any} */ f) => `${f.name}: ${f.n_stored} samples, ${f.n_lost} lost`);
    const words = {
      idle: state.trouble ?? (files.length ? `saved ${files.join("; ")}` : (state.is_ready ? "ready" : "getting ready; starting already works")),
      opening: "opening the garment",
      recording: `${state.is_paused ? "paused" : "recording"} ${clock(state.time_s ?? 0)}`,
      stopping: "closing the file",
    };
    $("record-text").textContent = words[/** @type {keyof typeof words} */ (state.phase)];
  }

  /** @param {any[]} schemas */
  build(schemas) {
    this.toLive();
    this.rings.clear();
    this.markers = [];
    $("markers").replaceChildren();
    for (const { strip } of this.strips) strip.remove();
    this.strips = [];
    $("strips").replaceChildren();
    schemas.forEach((garment, i) =>
      garment.streams.forEach((/** @type {any} */ stream, /** @type {number} */ k) => {
        const ring = new Ring(stream.channels.length, stream.rate_hz);
        this.rings.set(stream.number, ring);
        for (const channels of groups(stream)) {
          const sites = [...new Set(channels.map((c) => stream.sites[c]))].filter(Boolean);
          const title = `${schemas.length > 1 ? `${i + 1} ` : ""}${[plain(stream.name), ...sites].join(", ")}`;
          this.strips.push({ strip: new Strip($("strips"), { title, stream, channels }), ring, garment: i, stream: k });
        }
      }),
    );
    this.avatar.show(schemas.map((garment) => garment.site));
    this.sites = schemas.map((garment) => garment.site);
    this.joints = jointsOf(schemas);
    this.tellWearer();
    Object.assign(this.counters, { strips: this.strips.length, redraws: 0, samples: 0, lags: [] });
  }

  /** @param {any[]} garments */
  showDevices(garments) {
    const rows = garments.map((garment) => {
      const row = document.createElement("tr");
      const lost = garment.streams.reduce((/** @type {number} */ most, /** @type {any} */ s) => Math.max(most, s.lost_s ?? 0), 0);
      const covered = Math.min(...garment.streams.map((/** @type {any} */ s) => s.coverage ?? 1));
      const link = garment.is_linked ? `up${garment.rssi_dbm === null ? "" : `, ${garment.rssi_dbm} dBm`}` : `down ${garment.trouble}`;
      const battery = garment.battery_pct === null ? "not told" : `${garment.battery_pct.toFixed(0)} %`;
      for (const text of [garment.name, battery, link, `${lost.toFixed(1)} s, ${((1 - covered) * 100).toFixed(1)} %`])
        row.insertCell().textContent = text;
      row.cells[2].className = garment.is_linked ? "good" : "poor";
      return row;
    });
    $("devices").tBodies[0].replaceChildren(...rows);
    $("vitals").textContent = garments.map((garment) => vitalsText(garment.vitals ?? {})).filter(Boolean).join(" | ");
    for (const item of this.strips) {
      const stream = garments[item.garment]?.streams[item.stream];
      if (stream) item.strip.tell(stream.quality, stream.rate_hz === null ? "" : `${stream.rate_hz.toFixed(0)} Hz`);
    }
  }

  /** @param {import("/static/wire.js").Frame} frame */
  take(frame) {
    if (frame.number >= POSE_NUMBER) {
      if (!this.twin.isOpen) this.avatar.turn(frame.number - POSE_NUMBER, frame.values);
      return;
    }
    const ring = this.rings.get(frame.number);
    if (!ring) return;
    ring.put(frame);
    this.counters.samples += frame.n;
    this.hasNew = true;
    for (const joint of this.joints) {
      if (joint.number !== frame.number) continue;
      joint.feed(frame);
      if (joint.angle !== null && !this.twin.isOpen) this.avatar.bend(joint.part, joint.angle, joint.way);
    }
  }

  draw() {
    requestAnimationFrame(() => this.draw());
    const isMoving = this.hasNew || this.phase === "recording";
    if (document.hidden || !isMoving || !this.strips.length || this.history.isOpen || this.twin.isOpen) return;
    this.hasNew = false;
    const span = Number($("window").value);
    const to = this.edge();
    for (const { strip, ring } of this.strips) {
      strip.gaps = ring.gaps;
      strip.markers = this.markers;
      strip.draw(ring.columns(to - span, to, strip.width, strip.channels), to - span, to);
    }
    this.count();
  }

  /** Right edge: this moment while it records, so that strips move on between two packets. */
  edge() {
    const newest = Math.max(...[...this.rings.values()].map((ring) => ring.last).filter(Number.isFinite), 0);
    const now = this.live.age(this.start_host_s);
    return this.phase === "recording" && Number.isFinite(now) ? now : newest;
  }

  count() {
    const { counters } = this;
    counters.redraws += 1;
    for (const host_s of this.ticks) counters.lags.push(this.live.age(host_s));
    this.ticks = [];
    if (counters.lags.length > LAGS_KEPT) counters.lags.splice(0, counters.lags.length - LAGS_KEPT);
    counters.dropped = this.live.nDropped;
    if (counters.firstStrip_s === null && this.asked_ms && counters.samples)
      counters.firstStrip_s = (performance.now() - this.asked_ms) / 1000;
    const now = performance.now();
    if (now - (this.told_ms ?? 0) < 1000) return;
    const rate = (counters.redraws - (this.toldRedraws ?? 0)) / ((now - (this.told_ms ?? now - 1000)) / 1000);
    this.told_ms = now;
    this.toldRedraws = counters.redraws;
    const lags = [...counters.lags].filter(Number.isFinite).sort((a, b) => a - b);
    if (this.joints.length) this.tellWearer();
    const lag = lags.length ? `, lag ${(lags[Math.floor(0.95 * (lags.length - 1))] * 1000).toFixed(0)} ms` : "";
    $("live-text").textContent = `${Math.max(0, rate).toFixed(0)} redraws/s${lag}, ${counters.dropped} messages dropped`;
  }

  toLive() {
    this.history.close();
    if (this.twin.close()) {
      this.avatar.show(this.sites);
      this.tellWearer();
    }
    $("strips-title").textContent = "Live";
    for (const { strip } of this.strips) strip.box.hidden = false;
    this.hasNew = true;
  }

  async showSessions() {
    const { sessions } = await getJson("/api/sessions");
    const rows = sessions.map((/** @type {any} */ session) => {
      const row = document.createElement("tr");
      row.insertCell().textContent = session.name;
      row.insertCell().textContent = clock(session.duration_s);
      row.insertCell().textContent = session.state === "unreadable" ? "unreadable" : `${(session.coverage * 100).toFixed(1)} %`;
      row.insertCell().append(...this.sessionButtons(session));
      return row;
    });
    $("sessions").tBodies[0].replaceChildren(...rows);
    this.counters.sessions = rows.length;
  }

  /** @param {any} session */
  sessionButtons(session) {
    /** @param {string} text @param {string} label @param {() => void} act */
    const button = (text, label, act) => {
      const made = document.createElement("button");
      made.textContent = text;
      made.setAttribute("aria-label", `${label} ${session.name}`);
      made.onclick = act;
      return made;
    };
    const open = () => this.guarded(() => this.openSession(session, false));
    const compare = () => this.guarded(() => this.openSession(session, true));
    const twin = () => this.guarded(() => this.openTwin(session));
    const report = () => window.open(`/api/sessions/${session.id}/report`, "_blank");
    return [button("Open", "Open", open), button("+", "Compare with", compare), button("Twin", "Replay on the twin", twin), button("Report", "Report of", report)];
  }

  /** @param {any} session @param {boolean} beside */
  async openSession(session, beside) {
    this.twin.close();
    for (const { strip } of this.strips) strip.box.hidden = true;
    await this.history.open(session.id, beside);
    $("strips-title").textContent = this.history.title;
  }

  /** @param {any} session */
  async openTwin(session) {
    this.toLive();
    this.avatar.show([]);
    $("avatar-text").textContent = `${session.name} on the twin`;
    await this.twin.open(session);
    $("strips-title").textContent = session.name;
  }
}
