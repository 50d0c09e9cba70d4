// Accept, modify, reject: the forms of a study's page. They are hidden where this script does not run.
"use strict";

const NAME = "preread-assessed-by";

async function send(form, verdict) {
  const said = Object.fromEntries(new FormData(form));
  const body = { ...said, verdict, classifier: form.dataset.classifier, revision: Number(form.dataset.revision) };
  if (verdict !== "modified") body.category = "";
  // The header tells the server that no other page has made this request.
  const response = await fetch(form.dataset.path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Preread-Action": "1" },
    body: JSON.stringify(body),
  });
  if (response.ok) return;
  const answer = await response.json().catch(() => ({}));
  throw new Error(answer.detail ?? `The service does not answer as it should (status ${response.status}).`);
}

for (const form of document.querySelectorAll("form.assess")) {
  const refusal = form.querySelector("[role=alert]");
  form.elements.assessed_by.value = localStorage.getItem(NAME) ?? "";
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    localStorage.setItem(NAME, form.elements.assessed_by.value);
    try {
      await send(form, event.submitter.value);
      location.reload();
    } catch (error) {
      refusal.textContent = error.message;
      refusal.hidden = false;
    }
  });
  form.hidden = false;
}
