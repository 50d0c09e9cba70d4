// The list by keyboard: / searches, j and k (or the arrows) go from study to study, Enter opens one.
"use strict";

function links() {
  return [...document.querySelectorAll("#rows .patient a")];
}

function go(step) {
  const all = links();
  const here = all.findIndex((link) => link.closest("[data-study]").contains(document.activeElement));
  const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : here + step;
  all[next]?.focus();
  all[next]?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  const search = document.querySelector("#filter [type=search]");
  const isTyping = event.target.closest("input, select, textarea");
  if (event.key === "Escape" && isTyping) event.target.blur();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const acts = { "/": () => search.focus(), j: () => go(1), k: () => go(-1), ArrowDown: () => go(1), ArrowUp: () => go(-1) };
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
