// Loads the page's content again now and then, unless somebody is about to use something in it.
"use strict";

const EVERY_MS = 30000;
const content = document.getElementById("content");
const stale = document.getElementById("stale");

async function refresh() {
  if (document.hidden || content.contains(document.activeElement)) return;
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!response.ok) throw new Error(`status ${response.status}`);
    if (response.redirected) {
      location.reload();
      return;
    }
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    content.replaceChildren(...fresh.getElementById("content").children);
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  }
}

setInterval(refresh, EVERY_MS);
