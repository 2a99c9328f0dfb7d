// @ts-check
/** Old sessions: one or two on the same time axis, with a slider to go through them. */
import { getBytes, getJson } from "/static/api.js";
import { Strip, groups } from "/static/strips.js";
import { ENVELOPE, frames } from "/static/wire.js";
import { clock, plain } from "/static/words.js";

/** @param {string} id */
const $ = (id) => /** @type {any} */ (document.getElementById(id));

export class History {
  /** @param {HTMLElement} parent @param {() => void} leave */
  constructor(parent, leave) {
    this.parent = parent;
    this.isOpen = false;
    /** @type {{session: any, strips: {strip: Strip, number: number}[]}[]} */ this.shown = [];
    this.turn = 0;
    $("scrub").oninput = () => void this.draw();
    $("window").addEventListener("change", () => void this.draw());
    $("back-to-live").onclick = leave;
  }

  get title() { return this.shown.map(({ session }) => session.name).join(" and "); }

  /** @param {string} id @param {boolean} beside whether the one that is open stays */
  async open(id, beside) {
    const session = await getJson(`/api/sessions/${id}`);
    while (this.shown.length > (beside ? 1 : 0)) this.drop(this.shown.pop());
    this.isOpen = true;
    $("scrub-bar").hidden = false;
    const strips = session.streams.flatMap((/** @type {any} */ stream) =>
      groups(stream).map((channels) => {
        const title = beside ? `${session.name}: ${plain(stream.name)}` : plain(stream.name);
        const strip = new Strip(this.parent, { title, stream, channels });
        strip.gaps = stream.gaps;
        strip.markers = session.markers;
        const all = stream.n_stored + stream.n_lost;
        strip.tell(all ? stream.n_stored / all : null, `${stream.n_lost} of ${all} samples lost`);
        return { strip, number: stream.number };
      }),
    );
    this.shown.push({ session, strips });
    await this.draw();
  }

  async draw() {
    if (!this.isOpen) return;
    const turn = ++this.turn;
    const span = Number($("window").value);
    const length = Math.max(...this.shown.map(({ session }) => session.duration_s));
    const from = (Number($("scrub").value) / 1000) * Math.max(0, length - span);
    $("scrub-text").textContent = `${clock(from)} to ${clock(from + span)} of ${clock(length)}`;
    for (const { session, strips } of this.shown) {
      for (const number of new Set(strips.map((item) => item.number))) {
        const query = `stream=${number}&from_s=${from}&to_s=${from + span}&points=900`;
        const data = await getBytes(`/api/sessions/${session.id}/samples?${query}`);
        if (turn !== this.turn) return; // a newer position was asked for
        const [frame] = frames(data);
        for (const item of strips) if (item.number === number) item.strip.draw(columns(frame, item.strip.channels), from, from + span);
      }
    }
  }

  close() {
    while (this.shown.length) this.drop(this.shown.pop());
    this.isOpen = false;
    $("scrub-bar").hidden = true;
  }

  /** @param {any} gone */
  drop(gone) { for (const { strip } of gone?.strips ?? []) strip.remove(); }
}

/** @param {import("/static/wire.js").Frame} frame @param {number[]} channels */
function columns(frame, channels) {
  const pairs = frame.kind === ENVELOPE ? 2 : 1;
  /** @type {(number | null)[][]} */
  const out = [[], ...channels.map(() => [])];
  for (let i = 0; i < frame.n; i++)
    for (let p = 0; p < pairs; p++) {
      out[0].push(frame.first + (i + p / 2) / frame.rate);
      channels.forEach((c, k) => {
        const value = frame.values[(i * frame.channels + c) * pairs + p];
        out[k + 1].push(value === value ? value : null);
      });
    }
  return out;
}
