// Says on a study's page that the study has changed. It is not changed under the eyes of who reads it.
"use strict";

const changed = document.getElementById("changed");
const events = new EventSource("/api/v1/events");

events.addEventListener("study", (event) => {
  const { study_instance_uid: uid, fingerprint } = JSON.parse(event.data);
  if (uid === changed.dataset.study) changed.hidden = fingerprint === changed.dataset.fingerprint;
});
