// The buttons of a study's page. They are hidden where this script does not run.
"use strict";

const actions = document.getElementById("actions");
const refusal = document.getElementById("refusal");
const buttons = [...actions.querySelectorAll("button")];

async function act(path) {
  disable(true);
  refusal.hidden = true;
  try {
    // The header tells the server that no other page has made this request.
    const response = await fetch(path, { method: "POST", headers: { "X-Preread-Action": "1" } });
    if (!response.ok) throw new Error(await explain(response));
    location.reload();
  } catch (error) {
    refusal.textContent = error.message;
    refusal.hidden = false;
    disable(false);
  }
}

async function explain(response) {
  const answer = await response.json().catch(() => ({}));
  return answer.detail ?? `The service does not answer as it should (status ${response.status}). Try it again.`;
}

function disable(yes) {
  for (const button of buttons) button.disabled = yes;
}

for (const button of buttons) button.addEventListener("click", () => act(button.dataset.path));
actions.hidden = false;
