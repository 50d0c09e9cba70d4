// One image on a page of its own: heat, outline, window and level, zoom, frames. Nothing of it is kept or sent.
"use strict";

const viewer = document.getElementById("viewer");
const control = (id) => document.getElementById(id);
const scored = JSON.parse(viewer.dataset.scored);
const region = JSON.parse(viewer.dataset.region);
const outline = JSON.parse(viewer.dataset.outline);
const frameCount = Number(viewer.dataset.frames);
const FRAMES_PER_S = 12;
const MOST_KEPT = 200;
const STEP = 1.25;
const INITIAL = { opacity: 60, width: 100, level: 50, zoom: 100 };
const pictures = new Map();
let shown = Number(viewer.dataset.shown);
let centre = null;
let playing = null;

// A picture by its address, fetched once.
function picture(address) {
  if (!pictures.has(address)) {
    const coming = fetch(address).then(async (response) => {
      if (response.ok) return createImageBitmap(await response.blob());
      const answer = await response.json().catch(() => ({}));
      const failed = say("The service does not answer as it should (status {}). Try it again.", response.status);
      throw new Error(answer.detail ?? failed);
    });
    coming.catch(() => pictures.delete(address));
    pictures.set(address, coming);
    if (pictures.size > MOST_KEPT) pictures.delete(pictures.keys().next().value);
  }
  return pictures.get(address);
}

async function show(frame) {
  shown = frame;
  const heat = scored.find(({ number }) => number === frame);
  try {
    const [source, colours] = await Promise.all([
      picture(`${viewer.dataset.picture}?frame=${frame}`),
      heat ? picture(heat.heat_path) : null,
    ]);
    if (frame !== shown) return;
    control("problem").hidden = true;
    paint(control("plain"), source, null);
    paint(control("overlay"), source, colours);
    viewer.dataset.painted = `${frame}${colours ? " with heat" : ""}`;
  } catch (error) {
    control("problem").textContent = error.message;
    control("problem").hidden = false;
    stop();
  }
  if (control("frame")) {
    control("frame").value = frame;
    control("number").textContent = frame;
  }
}

function paint(canvas, source, colours) {
  canvas.width = source.width;
  canvas.height = source.height;
  const context = canvas.getContext("2d");
  const zoom = control("zoom").value / 100;
  centre ??= [source.width / 2, source.height / 2];
  context.translate(source.width / 2, source.height / 2);
  context.scale(zoom, zoom);
  context.translate(-centre[0], -centre[1]);
  context.filter = windowed();
  context.drawImage(source, 0, 0);
  context.filter = "none";
  if (!colours) return;
  context.globalAlpha = control("opacity").value / 100;
  context.drawImage(colours, region.left, region.top, region.right - region.left, region.bottom - region.top);
  context.globalAlpha = 1;
  if (control("outline").checked && shown === Number(viewer.dataset.outlined)) trace(context, source, zoom);
}

// A light line on a dark one: seen on bright fat and in black cysts.
function trace(context, source, zoom) {
  if (!outline.length) return;
  const line = Math.max(1, Math.min(source.width, source.height) / 300) / zoom;
  context.beginPath();
  for (const [column, row] of outline) context.lineTo(column, row);
  context.closePath();
  for (const [colour, width] of [["#000", 3 * line], ["#fff", line]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }
}

// Percent of the displayed range: a narrower window has more contrast, a higher level is darker.
function windowed() {
  const contrast = 100 / control("width").value;
  const brightness = 1 + (50 - control("level").value) / 50;
  return `brightness(${brightness}) contrast(${contrast})`;
}

function repaint() {
  show(shown);
}

function play() {
  if (playing) {
    stop();
    return;
  }
  playing = setInterval(() => show((shown % frameCount) + 1), 1000 / FRAMES_PER_S);
  control("play").textContent = say("Pause");
}

function stop() {
  clearInterval(playing);
  playing = null;
  if (control("play")) control("play").textContent = say("Play");
}

function step(by) {
  stop();
  show(Math.min(frameCount, Math.max(1, shown + by)));
}

function zoomBy(factor) {
  const zoom = control("zoom");
  zoom.value = Math.min(zoom.max, Math.max(zoom.min, zoom.value * factor));
  if (zoom.value === zoom.min) centre = null;
  repaint();
}

function reset() {
  for (const [id, value] of Object.entries(INITIAL)) if (control(id)) control(id).value = value;
  centre = null;
  repaint();
}

function toggle(id) {
  const box = control(id);
  if (!box) return;
  box.checked = !box.checked;
  box.dispatchEvent(new Event("change"));
}

function toggleHeat() {
  const opacity = control("opacity");
  if (!opacity) return;
  opacity.value = Number(opacity.value) ? 0 : INITIAL.opacity;
  repaint();
}

function drag(canvas) {
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    canvas.dataset.dragged = event.button === 2 ? "window" : "image";
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!canvas.dataset.dragged || !centre) return;
    const scale = canvas.width / canvas.clientWidth / (control("zoom").value / 100);
    if (canvas.dataset.dragged === "image") {
      centre = [centre[0] - event.movementX * scale, centre[1] - event.movementY * scale];
    } else {
      control("width").value = Number(control("width").value) + event.movementX;
      control("level").value = Number(control("level").value) + event.movementY / 4;
    }
    repaint();
  });
  canvas.addEventListener("pointerup", () => delete canvas.dataset.dragged);
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      zoomBy(event.deltaY < 0 ? STEP : 1 / STEP);
    },
    { passive: false },
  );
}

const KEYS = {
  h: toggleHeat,
  o: () => toggle("outline"),
  b: () => toggle("beside"),
  r: reset,
  "+": () => zoomBy(STEP),
  "-": () => zoomBy(1 / STEP),
  ArrowLeft: () => step(-1),
  ArrowRight: () => step(1),
  " ": () => control("play") && play(),
};

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input, button, a, select");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});
for (const id of ["opacity", "width", "level", "zoom"]) control(id)?.addEventListener("input", repaint);
control("outline")?.addEventListener("change", repaint);
control("beside")?.addEventListener("change", () => {
  control("plain").hidden = !control("beside").checked;
});
control("frame")?.addEventListener("input", () => {
  stop();
  show(Number(control("frame").value));
});
control("play")?.addEventListener("click", play);
control("reset").addEventListener("click", reset);
for (const button of document.querySelectorAll("[data-frame]")) {
  button.addEventListener("click", () => {
    stop();
    show(Number(button.dataset.frame));
  });
}
drag(control("plain"));
drag(control("overlay"));
viewer.hidden = false;
repaint();
