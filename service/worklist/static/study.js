// The buttons of a study's page. They are hidden where this script does not run.
"use strict";

const actions = document.getElementById("actions");
const refusal = document.getElementById("refusal");
const buttons = [...actions.querySelectorAll("button")];

async function act(path) {
  disable(true);
  refusal.hidden = true;
  try {
    await post(path);
    location.reload();
  } catch (error) {
    refusal.textContent = error.message;
    refusal.hidden = false;
    disable(false);
  }
}

function disable(yes) {
  for (const button of buttons) button.disabled = yes;
}

for (const button of buttons) button.addEventListener("click", () => act(button.dataset.path));
actions.hidden = false;
