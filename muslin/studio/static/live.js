// @ts-check
/** The socket: states, events and samples as they come; opens again when it breaks. */
import { EVENTS, STATE, frames } from "/static/wire.js";

const AGAIN_MS = 1500, PING_MS = 2000;

export class Live {
  /** @param {(text: string) => void} tellLink */
  constructor(tellLink) {
    this.tellLink = tellLink;
    /** @type {Record<string, ((content: any) => void)[]>} */
    this.listeners = {};
    /** @type {(frame: import("/static/wire.js").Frame) => void} */
    this.onSamples = () => {};
    this.offset_s = NaN; // host clock minus page clock
    this.best_rtt_ms = Infinity;
    this.nDropped = 0;
    this.open();
  }

  /** @param {string} topic @param {(content: any) => void} listener */
  on(topic, listener) { (this.listeners[topic] ??= []).push(listener); }

  open() {
    const socket = new WebSocket(`ws://${location.host}/ws`);
    socket.binaryType = "arraybuffer";
    let pinging = 0;
    socket.onopen = () => {
      this.tellLink("connected");
      const ping = () => socket.readyState === 1 && socket.send(JSON.stringify({ ping: performance.now() }));
      ping();
      pinging = setInterval(ping, PING_MS);
    };
    socket.onmessage = (message) => this.take(message.data);
    socket.onclose = () => {
      clearInterval(pinging);
      this.tellLink("the studio does not answer; trying again");
      setTimeout(() => this.open(), AGAIN_MS);
    };
  }

  /** @param {ArrayBuffer} data */
  take(data) {
    for (const frame of frames(data)) {
      if (frame.kind === STATE) this.tell(frame.content.topic, frame.content);
      else if (frame.kind === EVENTS) this.event(frame.content);
      else this.onSamples(frame);
    }
  }

  /** @param {any} content */
  event(content) {
    if (content.type === "pong") {
      const now = performance.now(), rtt = now - content.sent;
      this.nDropped = content.n_dropped;
      if (rtt <= this.best_rtt_ms * 1.5) {
        this.best_rtt_ms = Math.min(rtt, this.best_rtt_ms);
        this.offset_s = content.host_s - (content.sent + rtt / 2) / 1000;
      }
    }
    this.tell(content.type, content);
  }

  /** Seconds from a moment of the host's clock until now. @param {number} host_s */
  age(host_s) { return performance.now() / 1000 + this.offset_s - host_s; }

  /** @param {string} topic @param {any} content */
  tell(topic, content) { for (const listener of this.listeners[topic] ?? []) listener(content); }
}
