// Fetches the list again every few seconds. Without this script the page reloads itself instead.
"use strict";

const REFRESH_MS = 5000;
const list = document.getElementById("list");
const freshness = document.getElementById("freshness");
const stale = document.getElementById("stale");
let refreshedAt = new Date();

async function refresh() {
  try {
    const response = await fetch(`/rows${location.search}`, { headers: { Accept: "text/html" } });
    if (!response.ok) throw new Error(`status ${response.status}`);
    show(new DOMParser().parseFromString(await response.text(), "text/html"));
    refreshedAt = new Date();
    tellFresh();
  } catch {
    tellStale();
  }
}

function show(fresh) {
  const focused = document.activeElement?.closest("[data-study]")?.dataset.study;
  const known = new Map([...list.querySelectorAll("[data-study]")].map((body) => [body.dataset.study, body]));
  for (const body of fresh.querySelectorAll("[data-study]")) {
    const old = known.get(body.dataset.study);
    if (old && old.dataset.fingerprint === body.dataset.fingerprint) keep(old, body);
  }
  list.replaceChildren(...fresh.body.children);
  if (focused && !list.contains(document.activeElement)) focusOn(focused);
}

// An unchanged study keeps its elements, so that pictures are not loaded again; only its age moves on.
function keep(old, body) {
  const ages = body.querySelectorAll("time.ago");
  old.querySelectorAll("time.ago").forEach((age, index) => {
    age.textContent = ages[index].textContent;
  });
  body.replaceWith(old);
}

function focusOn(study) {
  list.querySelector(`[data-study="${CSS.escape(study)}"] a`)?.focus({ preventScroll: true });
}

function tellFresh() {
  stale.hidden = true;
  freshness.textContent = `Live · ${refreshedAt.toLocaleTimeString()}`;
}

function tellStale() {
  stale.textContent = `This list has not been refreshed since ${refreshedAt.toLocaleTimeString()}: the service does not answer. It is asked again every few seconds.`;
  stale.hidden = false;
  freshness.textContent = "Not live";
}

tellFresh();
setInterval(() => {
  if (!document.hidden) refresh();
}, REFRESH_MS);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});
