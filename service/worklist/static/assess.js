// Accept, modify, reject: the forms of a study's page. They are hidden where this script does not run.
"use strict";

const NAME = "preread-assessed-by";

async function send(form, verdict) {
  const said = Object.fromEntries(new FormData(form));
  const body = { ...said, verdict, classifier: form.dataset.classifier, revision: Number(form.dataset.revision) };
  if (verdict !== "modified") body.category = "";
  await post(form.dataset.path, body);
}

for (const form of document.querySelectorAll("form.assess")) {
  const refusal = form.querySelector("[role=alert]");
  // Only where nobody has to sign in: who has signed in need not say who she is.
  const name = form.elements.assessed_by;
  if (name) name.value = localStorage.getItem(NAME) ?? "";
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (name) localStorage.setItem(NAME, name.value);
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
