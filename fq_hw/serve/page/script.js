// The page: pictures go to its own server, answers and tensors come back. Nothing goes elsewhere.

import { Camera, Pad } from "/draw.js";
import { Layers } from "/layers.js";

const SECONDS = 5; // that a frame plays
const page = (id) => document.getElementById(id);
const token = new URLSearchParams(location.search).get("token") ?? "";
const count = (number) => number.toLocaleString("en");
const still = matchMedia("(prefers-reduced-motion: reduce)");

let layers, pad, camera, cycles = null, ready = false, shown = null, asked = 0, playing = 0, simulating = false;

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { "X-fq-hw-token": token } });
  } catch {
    throw new Error("fq-hw serve does not answer; is it still running?");
  }
  let told;
  try {
    told = await answer.json();
  } catch {
    throw new Error(`fq-hw serve answers ${answer.status}; its terminal tells more`);
  }
  if (!answer.ok) throw new Error(told.error);
  return told;
}

function complain(error) {
  page("alert").hidden = !error;
  page("alert").textContent = error ? error.message : "";
}

// Show a picture: ``request`` asks the server for it.
async function look(request) {
  const mine = ++asked;
  complain(null);
  try {
    const answer = await request();
    if (mine !== asked) return;
    shown = answer;
    golden(answer);
    layers.show(answer.look);
    layers.load(layers.rows[0]);
    play();
    await Promise.all([hardware(), board(answer)]);
  } catch (error) {
    if (mine === asked) complain(error);
  }
}

// What the board says of a picture, if there is one.
async function board(answer) {
  if (page("board-answer").hidden) return;
  named(page("board"), "\u2026");
  let seen, problem;
  try {
    seen = await ask(`/api/board/${answer.look}`, { method: "POST" });
  } catch (error) {
    problem = error;
  }
  if (shown !== answer) return;
  named(page("board"), seen?.class ?? "\u2013", seen ? "" : "bad");
  page("board-text").textContent = seen
    ? `All scores equal; answered in ${(1000 * seen.seconds).toFixed(1)} ms`
    : problem.message;
}

function named(place, text, kind = "") {
  place.textContent = text;
  place.className = `class ${text.length > 8 ? "long" : ""} ${kind}`;
}

function golden({ golden: seen, truth }) {
  named(page("golden"), seen.class, truth === null ? "" : truth === seen.class ? "good" : "bad");
  const told = truth === null ? "" : truth === seen.class ? "Right. " : `It is ${truth}. `;
  page("golden-text").textContent = `${told}${seen["golden ms"].toFixed(1)} ms`;
  const low = Math.min(...seen.scores);
  const span = Math.max(...seen.scores) - low || 1;
  const rows = seen.top.map(({ class: name, score }) => {
    const row = document.createElement("li");
    row.innerHTML = '<span class="name"></span><span class="track"><i></i></span><span class="number"></span>';
    row.querySelector(".name").textContent = name;
    row.querySelector("i").style.width = `${(100 * (score - low)) / span}%`;
    row.querySelector(".number").textContent = count(score);
    return row;
  });
  page("scores").replaceChildren(...rows);
  page("scores-text").hidden = false;
  page("seen-text").textContent = `${seen.picture === "picture" ? "Your picture" : seen.picture}, as the network sees it`;
}

// One picture at a time; when it is done, the one that is shown by then.
async function hardware() {
  if (!ready || simulating) return;
  simulating = true;
  for (let done = null; shown !== null && shown.look !== done; ) {
    done = shown.look;
    named(page("hardware"), "\u2026");
    page("hardware-text").textContent = "simulates every cycle";
    let seen, problem;
    try {
      seen = await ask(`/api/simulate/${done}`, { method: "POST" });
    } catch (error) {
      problem = error;
    }
    if (shown.look !== done) continue;
    named(page("hardware"), seen?.class ?? "\u2013", seen ? "" : "bad");
    page("hardware-text").textContent = seen
      ? `All scores equal; in cycle ${count(seen.cycle)}, as predicted. Simulated in ${seen.seconds.toFixed(1)} s`
      : problem.message;
  }
  simulating = false;
}

async function watch() {
  try {
    const told = await ask("/api/hardware");
    if (told.cycles && !cycles) {
      cycles = told.cycles;
      layers.time(cycles);
      page("cycle").max = cycles.latency;
      page("clock").hidden = false;
      page("clock-text").textContent =
        `From the cycle model: a result comes ${count(cycles.latency)} cycles after the first pixel, one every ${count(cycles.interval)} cycles.`;
      at(0);
      if (shown) play();
    }
    const { state, doing, seconds } = told.progress;
    page("building").hidden = state !== "building";
    if (state === "building") {
      page("hardware-text").textContent = `${doing} (${Math.round(seconds)} s)`;
      setTimeout(watch, 700);
    } else if (state === "failed") {
      page("hardware-text").textContent = doing;
    } else {
      ready = true;
      page("hardware-text").textContent = "ready";
      await hardware();
    }
  } catch (error) {
    complain(error);
    setTimeout(watch, 3000);
  }
}

function at(cycle) {
  page("cycle").value = cycle;
  page("now").textContent = `cycle ${count(cycle)} of ${count(cycles.latency)}`;
  layers.at(cycle, cycles.latency);
}

function stop() {
  cancelAnimationFrame(playing);
  playing = 0;
  page("play").textContent = "Play the frame";
}

function play() {
  stop();
  if (!cycles) return;
  if (still.matches) return at(cycles.latency);
  const began = performance.now();
  page("play").textContent = "Stop";
  const step = (time) => {
    const part = Math.min(Math.max(time - began, 0) / (1000 * SECONDS), 1);
    at(Math.round(part * cycles.latency));
    if (part < 1) playing = requestAnimationFrame(step);
    else stop();
  };
  playing = requestAnimationFrame(step);
}

function upload(content) {
  return look(() => ask("/api/look", { method: "POST", body: content }));
}

// One way at a time is open.
function open(way) {
  for (const name of ["draw", "camera"]) {
    page(name).setAttribute("aria-expanded", String(name === way));
    page(`${name}-panel`).hidden = name !== way;
  }
  if (way !== "camera") camera.end();
}

function ways() {
  page("choose").addEventListener("click", () => page("file").click());
  page("file").addEventListener("change", () => {
    const [file] = page("file").files;
    page("file").value = "";
    if (file) upload(file);
  });
  page("draw").addEventListener("click", () => {
    open(page("draw-panel").hidden ? "draw" : "");
    if (!page("draw-panel").hidden) page("pad").focus();
  });
  page("use-drawing").addEventListener("click", async () => upload(await pad.picture()));
  page("camera").addEventListener("click", async () => {
    open(page("camera-panel").hidden ? "camera" : "");
    if (page("camera-panel").hidden) return;
    try {
      complain(null);
      await camera.begin();
      page("shoot").focus();
    } catch (error) {
      open("");
      complain(error);
    }
  });
  page("shoot").addEventListener("click", async () => {
    try {
      await upload(await camera.picture());
    } catch (error) {
      complain(error);
    }
  });
  page("example").addEventListener("click", () => look(() => ask("/api/example", { method: "POST" })));
  page("play").addEventListener("click", () => (playing ? stop() : play()));
  page("cycle").addEventListener("input", () => {
    stop();
    at(Number(page("cycle").value));
  });
  const place = page("picture");
  for (const kind of ["dragover", "dragleave", "drop"]) {
    place.addEventListener(kind, (event) => {
      event.preventDefault();
      place.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files[0]) upload(event.dataTransfer.files[0]);
    });
  }
  addEventListener("paste", (event) => {
    const [file] = event.clipboardData?.files ?? [];
    if (file) upload(file);
  });
}

async function begin() {
  try {
    const network = await ask("/api/network");
    const [height, width, colours] = network.image;
    document.title = `${network.name} - fq-hw`;
    page("name").textContent = network.name;
    page("about").textContent =
      `${width} x ${height} pixels, ${colours === 1 ? "grey" : "colour"}; ${network.classes.length} classes; ${count(network.weights)} weights. ` +
      "Pictures stay on this machine.";
    page("example").hidden = !network.examples;
    page("board-answer").hidden = network.board === null;
    page("board-text").textContent = network.board === null ? "" : `at ${network.board}`;
    pad = new Pad(page, [height, width], async () => upload(await pad.picture()));
    camera = new Camera(page, [height, width]);
    layers = new Layers(page, ask, network);
    ways();
    await watch();
  } catch (error) {
    complain(error);
  }
}

begin();
