// Keys 1 to 7 press the buttons; a second press while the answer is on its way does nothing.
"use strict";
const form = document.getElementById("judge");
if (form) {
  let isSent = false;
  form.addEventListener("submit", (event) => {
    if (isSent) event.preventDefault();
    isSent = true;
  });
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const button = form.querySelector(`button[data-key="${CSS.escape(event.key)}"]`);
    if (button) form.requestSubmit(button);
  });
}
