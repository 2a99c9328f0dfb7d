// @ts-check
/** The page: rooms, theme, the link to the studio. */
import { getJson, post } from "/static/api.js";
import { FitRoom } from "/static/fit_room.js";
import { Live } from "/static/live.js";
import { SessionRoom } from "/static/session_room.js";

/** @param {string} id */
const $ = (id) => /** @type {any} */ (document.getElementById(id));

// Counters that tests and a person with the console can read.
const counters = { redraws: 0, samples: 0, markers: 0, lags: [], dropped: 0, fits: 0, sessions: 0 };

/** @param {"fit" | "session"} room */
function enter(room) {
  for (const name of ["fit", "session"]) {
    $(`room-${name}`).hidden = name !== room;
    $(`tab-${name}`).setAttribute("aria-selected", String(name === room));
  }
  location.hash = room;
  void post("/api/project", { room });
  // The worker of a room is loaded while the person still looks around.
  if (room === "fit") void post("/api/fits/warm");
  else void post("/api/recordings/warm", { garment: $("garment").value });
}

function theme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  document.dispatchEvent(new Event("theme")); // canvases hold their colours
}

async function main() {
  const state = await getJson("/api/state");
  const live = new Live((text) => { $("link").textContent = text; });
  const wanted = ["fit", "session"].find((name) => location.hash === `#${name}`) ?? state.project.room;
  $("tab-fit").onclick = () => enter("fit");
  $("tab-session").onclick = () => enter("session");
  $("theme").onclick = theme;
  const rooms = { fit: new FitRoom(live, state, counters), session: new SessionRoom(live, state.project, counters) };
  Object.assign(window, { muslin: { counters, rooms } });
  enter(wanted === "session" ? "session" : "fit");
  document.body.dataset.ready = "yes";
}

main().catch((error) => {
  $("notice").hidden = false;
  $("notice").textContent = String(error.message);
});
