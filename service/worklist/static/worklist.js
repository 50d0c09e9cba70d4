// Fetches the list again every few seconds. Without this script the page reloads itself instead.
"use strict";

const REFRESH_MS = 5000;
const list = document.getElementById("list");
const freshness = document.getElementById("freshness");
const stale = document.getElementById("stale");
let refreshedAt = new Date();

async function refresh() {
  try {
    const response = await fetch(`/rows${location.search}`);
    if (!response.ok) throw new Error(`status ${response.status}`);
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    keepingFocus(() => show(fresh));
    tellFresh();
  } catch {
    tellStale();
  }
}

function show(fresh) {
  const table = document.getElementById("rows");
  const freshTable = fresh.getElementById("rows");
  if (!table || !freshTable) {
    list.replaceChildren(...fresh.body.children);
    return;
  }
  for (const id of ["notices", "summary", "pager"]) {
    document.getElementById(id).replaceWith(fresh.getElementById(id));
  }
  merge(table, [...freshTable.tBodies]);
}

// Unchanged studies stay where they are: their pictures are not loaded again and keep the focus.
function merge(table, fresh) {
  const unchanged = new Map();
  const looks = new Set(fresh.map(lookOf));
  for (const body of [...table.tBodies]) {
    if (looks.has(lookOf(body))) unchanged.set(lookOf(body), body);
    else body.remove();
  }
  let last = table.tHead;
  for (const body of fresh) {
    const old = unchanged.get(lookOf(body));
    if (old) copyAge(body, old);
    if (last.nextElementSibling !== (old ?? body)) last.after(old ?? body);
    last = old ?? body;
  }
}

function lookOf(body) {
  return `${body.dataset.study} ${body.dataset.fingerprint}`;
}

function copyAge(from, to) {
  to.querySelector("time.ago").textContent = from.querySelector("time.ago").textContent;
}

function keepingFocus(change) {
  const focused = document.activeElement;
  const study = focused?.closest("[data-study]");
  const place = study ? [...study.querySelectorAll("a")].indexOf(focused) : -1;
  change();
  if (study && document.activeElement !== focused) {
    const links = list.querySelectorAll(`[data-study="${CSS.escape(study.dataset.study)}"] a`);
    (links[place] ?? links[0])?.focus({ preventScroll: true });
  }
}

function tellFresh() {
  refreshedAt = new Date();
  stale.hidden = true;
  freshness.textContent = `Live · ${refreshedAt.toLocaleTimeString()}`;
}

function tellStale() {
  freshness.textContent = "Not live";
  if (!stale.hidden) return;
  stale.textContent =
    `This list has not been refreshed since ${refreshedAt.toLocaleTimeString()}: the service does not answer. ` +
    "It is asked again every few seconds.";
  stale.hidden = false;
}

tellFresh();
setInterval(() => {
  if (!document.hidden) refresh();
}, REFRESH_MS);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});
