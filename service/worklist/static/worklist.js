// Keeps the list as it is in the service: it listens for changes, and where nothing is to be heard it fetches the
// list every few seconds. Without this script the page reloads itself instead.
"use strict";

// While nothing is heard; the service says every 5 s that it is there.
const FETCH_MS = 5000;
const SILENT_MS = 15000;
// Many changes, one fetch.
const TOGETHER_MS = 1500;
const list = document.getElementById("list");
const freshness = document.getElementById("freshness");
const stale = document.getElementById("stale");
const isNewestPage = [...new URLSearchParams(location.search).keys()].every((name) => name === "limit");
let refreshedAt = new Date();
let heardAt = 0;
let soon = null;

async function refresh() {
  soon = null;
  try {
    const response = await fetch(`/rows${location.search}`);
    if (response.status === 401) {
      location.reload();
      return;
    }
    if (!response.ok) throw new Error(`status ${response.status}`);
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    keepingFocus(() => show(fresh));
    tellFresh();
  } catch {
    tellStale();
  }
}

function refreshSoon() {
  soon ??= setTimeout(refresh, TOGETHER_MS);
}

function show(fresh) {
  const table = document.getElementById("rows");
  const freshTable = fresh.getElementById("rows");
  if (!table || !freshTable) {
    list.replaceChildren(...fresh.body.children);
    return;
  }
  replace(fresh, ["notices", "summary", "pager"]);
  merge(table, [...freshTable.tBodies]);
}

function replace(fresh, ids) {
  for (const id of ids) document.getElementById(id)?.replaceWith(fresh.getElementById(id));
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

// One study has changed. Where some are left out, only the service knows whether it is still one of those shown.
function studyChanged({ study_instance_uid: uid, html }) {
  const table = document.getElementById("rows");
  if (!table || !isNewestPage) {
    refreshSoon();
    return;
  }
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("tbody");
  const old = [...table.tBodies].find((body) => body.dataset.study === uid);
  if (old && lookOf(old) === lookOf(fresh)) return;
  keepingFocus(() => (old ? old.replaceWith(fresh) : insert(table, fresh)));
}

function insert(table, fresh) {
  const older = [...table.tBodies].find((body) => body.dataset.received < fresh.dataset.received);
  const isFull = table.tBodies.length >= Number(table.dataset.limit);
  if (!older && isFull) return;
  if (older) older.before(fresh);
  else table.append(fresh);
  if (!isFull) return;
  table.tBodies[table.tBodies.length - 1].remove();
  // Where the next page begins has changed.
  refreshSoon();
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
  freshness.textContent = say("Live · {}", refreshedAt.toLocaleTimeString());
}

function tellStale() {
  freshness.textContent = say("Not live");
  if (!stale.hidden) return;
  stale.textContent = say(
    "This list has not been refreshed since {}: the service does not answer. It is asked again every few seconds.",
    refreshedAt.toLocaleTimeString(),
  );
  stale.hidden = false;
}

function listen() {
  const events = new EventSource("/api/v1/events");
  // What happened before is not told again.
  events.onopen = refresh;
  const hears = (kind, then) =>
    events.addEventListener(kind, (event) => {
      heardAt = Date.now();
      then(JSON.parse(event.data));
      tellFresh();
    });
  hears("alive", () => {});
  hears("study", studyChanged);
  hears("summary", ({ html }) => {
    if (isNewestPage) replace(new DOMParser().parseFromString(html, "text/html"), ["notices", "summary"]);
  });
  // A browser tries again by itself, but not after a refusal.
  events.onerror = () => {
    if (events.readyState !== EventSource.CLOSED) return;
    // Whoever has been signed out for not doing anything sees no patients any longer.
    refreshSoon();
    setTimeout(listen, SILENT_MS);
  };
}

tellFresh();
listen();
setInterval(() => {
  if (!document.hidden && Date.now() - heardAt > SILENT_MS) refresh();
}, FETCH_MS);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});
