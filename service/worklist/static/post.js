// What the scripts of a study's page share: asking the service to change something.
"use strict";

async function post(path, body) {
  // The header tells the server that no other page has made this request.
  const headers = { "X-Preread-Action": "1" };
  if (body) headers["Content-Type"] = "application/json";
  const response = await fetch(path, { method: "POST", headers, body: body && JSON.stringify(body) });
  if (response.ok) return;
  const answer = await response.json().catch(() => ({}));
  throw new Error(
    answer.detail ?? say("The service does not answer as it should (status {}). Try it again.", response.status),
  );
}
