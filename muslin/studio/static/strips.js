// @ts-check
/** One strip: channels of one stream and unit over time, with gaps, markers and quality. */
import uPlot from "uplot";
import { plain, qualityWord, unitText } from "/static/words.js";

const HEIGHT = 104;

/** A custom property of the theme as a plain colour. @param {string} kind */
function resolved(kind) {
  const probe = document.createElement("span");
  probe.className = kind;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Channels by unit: three axes of one sensor share a strip. @param {any} stream */
export function groups(stream) {
  /** @type {Map<string, number[]>} */
  const found = new Map();
  stream.units.forEach((/** @type {string} */ unit, /** @type {number} */ i) => {
    const key = `${stream.channels[i].replace(/_?[xyz]$/, "")}|${unit}`;
    found.set(key, [...(found.get(key) ?? []), i]);
  });
  return [...found.values()];
}

export class Strip {
  /**
   * @param {HTMLElement} parent
   * @param {{title: string, stream: any, channels: number[]}} what
   */
  constructor(parent, { title, stream, channels }) {
    this.channels = channels;
    this.stream = stream;
    /** @type {[number, number][]} */ this.gaps = [];
    /** @type {{time_s: number, text: string}[]} */ this.markers = [];
    this.unit = unitText(stream.units[channels[0]]);
    this.low = Infinity;
    this.high = -Infinity;
    this.box = document.createElement("div");
    this.box.className = "strip";
    this.head = document.createElement("div");
    this.head.className = "strip-head";
    const name = document.createElement("b");
    const unit = this.unit ? ` [${this.unit}]` : "";
    name.textContent = `${title}${unit}`;
    this.head.append(name);
    channels.forEach((c, k) => {
      const key = document.createElement("span");
      key.className = `key c${k % 6}`;
      key.textContent = plain(stream.channels[c]);
      this.head.append(key);
    });
    this.quality = document.createElement("span");
    this.quality.className = "quality";
    this.head.append(this.quality);
    this.box.append(this.head);
    parent.append(this.box);
    this.width = Math.max(200, parent.clientWidth - 18);
    this.alarm = resolved("poor");
    this.plot = this.make();
    this.again = () => { this.plot.destroy(); this.plot = this.make(); };
    document.addEventListener("theme", this.again);
  }

  make() {
    const ink = resolved("faint");
    this.alarm = resolved("poor");
    const axis = { stroke: ink, grid: { stroke: resolved("line"), width: 1 }, ticks: { show: false } };
    const series = this.channels.map((_, k) => ({ stroke: resolved(`c${k % 6}`), width: 1, points: { show: false } }));
    return new uPlot(
      {
        width: this.width, height: HEIGHT, legend: { show: false }, cursor: { show: false },
        padding: [8, 8, 0, 0],
        scales: { x: { time: false, auto: false }, y: { auto: false } },
        axes: [{ ...axis, size: 22, values: (_, ticks) => ticks.map((t) => `${t} s`) }, { ...axis, size: 56 }],
        series: [{}, ...series],
        hooks: { drawClear: [(plot) => this.under(plot)] },
      },
      /** @type {any} */ ([[], ...this.channels.map(() => [])]),
      this.box,
    );
  }

  /** @returns {[number, number]} */
  range() {
    if (!(this.low <= this.high)) return [-1, 1];
    const span = Math.max(this.high - this.low, 1e-6 * Math.max(1, Math.abs(this.high)));
    return [this.low - 0.06 * span, this.high + 0.06 * span];
  }

  /** Hold the range still: it grows at once and shrinks slowly. @param {(number | null)[][]} columns */
  hold(columns) {
    let low = Infinity, high = -Infinity;
    for (const column of columns.slice(1))
      for (const value of column) {
        if (value === null) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    if (!(low <= high)) return;
    const slow = 0.02;
    this.low = low < this.low ? low : this.low + slow * (low - this.low);
    this.high = high > this.high ? high : this.high + slow * (high - this.high);
  }

  /** Grey bands where nothing was measured, lines at markers. @param {uPlot} plot */
  under(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.fillStyle = "rgba(128,128,128,0.35)";
    for (const [from, to] of this.gaps) {
      const left = plot.valToPos(from, "x", true), right = plot.valToPos(to, "x", true);
      if (right > bbox.left && left < bbox.left + bbox.width) ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
    }
    ctx.fillStyle = this.alarm;
    for (const marker of this.markers) {
      const x = plot.valToPos(marker.time_s, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.fillRect(x, bbox.top, 2, bbox.height);
    }
    ctx.restore();
  }

  /** @param {(number | null)[][]} columns @param {number} from @param {number} to */
  draw(columns, from, to) {
    this.hold(columns);
    this.plot.batch(() => {
      this.plot.setData(/** @type {any} */ (columns), false);
      this.plot.setScale("x", { min: from, max: to });
      const [min, max] = this.range();
      this.plot.setScale("y", { min, max });
    });
  }

  /** @param {number | null} quality @param {string} more */
  tell(quality, more) {
    const { word, kind } = qualityWord(quality);
    const text = `${word}${more ? `, ${more}` : ""}`;
    if (this.quality.textContent === text) return;
    this.quality.textContent = text;
    this.quality.className = `quality ${kind}`;
  }

  remove() {
    document.removeEventListener("theme", this.again);
    this.plot.destroy();
    this.box.remove();
  }
}
