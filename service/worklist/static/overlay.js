// Badges of Preread in the worklist of another web system. One script tag, such as
//   <script src="https://preread.hospital/embed/overlay.js" data-preset="ohif" defer></script>
// EMBED.md says how other lists are described, and who may see badges. Where the service does not answer, nothing is
// shown; to who has not signed in, where to do so.
"use strict";

(() => {
  const SCAN_MS = 250;
  const AGAIN_MS = 15000;
  const MOST = 100;
  const UID = /^[0-9]+(\.[0-9]+)+$/;
  const PRESETS = {
    ohif: { rows: "table tbody tr", reactKey: "", badge: "td:nth-child(4)" },
    "orthanc-explorer": {
      rows: "li:has(> div a[href^='#study?uuid='])",
      studyCell: "a > div",
      studyPattern: "StudyInstanceUID:\\s*([0-9.]+)",
      badge: "h3",
    },
  };
  const script = document.currentScript;
  const { preset, token, language, pages = new URL(script.src).origin, ...own } = script.dataset;
  if (preset && !PRESETS[preset]) console.error(`Preread: no preset "${preset}"; there are: ${Object.keys(PRESETS)}`);
  const list = { ...PRESETS[preset], ...own };
  // By identifier, what the service said of it: [] where it knows no such study.
  const known = new Map();
  // What this script says by itself, in the language of the page; English where it is empty.
  let words = {};
  let isScanning = null;
  // After a refusal, until it is time to ask again.
  let isSilent = false;
  let note = null;

  // Which study a row is of: { uid } or { accession }, null where it does not say.
  function studyOf(row) {
    const uid = valueOf(row, "study") ?? ("reactKey" in list ? reactKey(row) : null);
    if (uid && UID.test(uid)) return { uid };
    const accession = valueOf(row, "accession");
    return accession ? { accession } : null;
  }

  function valueOf(row, kind) {
    const attribute = list[`${kind}Attribute`];
    const cell = list[`${kind}Cell`];
    const pattern = list[`${kind}Pattern`];
    if (attribute) {
      const holder = row.hasAttribute(attribute) ? row : row.querySelector(`[${CSS.escape(attribute)}]`);
      return found(holder?.getAttribute(attribute), pattern);
    }
    if (cell || pattern) return found((cell ? row.querySelector(cell) : row)?.textContent, pattern);
    return null;
  }

  function found(text, pattern) {
    const value = pattern ? text?.match(new RegExp(pattern))?.[1] : text;
    return value?.trim() || null;
  }

  // A list made by React may have the UID nowhere in the page but in the key of a row.
  function reactKey(row) {
    const name = Object.keys(row).find((key) => key.startsWith("__reactFiber$"));
    for (let fiber = row[name], up = 0; fiber && up < 4; fiber = fiber.return, up += 1) {
      if (UID.test(fiber.key ?? "")) return fiber.key;
    }
    return null;
  }

  function idOf(study) {
    return study.uid ?? `accession ${study.accession}`;
  }

  async function scan() {
    isScanning = null;
    const rows = [...document.querySelectorAll(list.rows)].map((row) => [row, studyOf(row)]);
    const wanted = rows.map(([, study]) => study).filter((study) => study && !known.has(idOf(study)));
    if (wanted.length) await ask(wanted);
    for (const [row, study] of rows) decorate(row, study);
  }

  function scanSoon() {
    isScanning ??= setTimeout(scan, SCAN_MS);
  }

  async function ask(studies) {
    if (isSilent) return;
    try {
      for (let start = 0; start < studies.length; start += MOST) await askSome(studies.slice(start, start + MOST));
      tell("");
    } catch (error) {
      // What was true a while ago may be wrong by now.
      known.clear();
      isSilent = true;
      tell(error.isSignedOut ? error.message : "");
    }
  }

  async function askSome(studies) {
    const body = {
      study_instance_uids: [...new Set(studies.map(({ uid }) => uid).filter(Boolean))],
      accession_numbers: [...new Set(studies.map(({ accession }) => accession).filter(Boolean))],
    };
    // Without a token whoever looks must have signed in to the service, at the same site as this page.
    const headers = { "Content-Type": "application/json" };
    const spoken = language || document.documentElement.lang;
    if (spoken) headers["Accept-Language"] = spoken;
    if (token) headers.Authorization = `Bearer ${token}`;
    const asked = { method: "POST", headers, body: JSON.stringify(body), credentials: token ? "omit" : "include" };
    const answer = await fetch(new URL("lookup", script.src), asked);
    if (!answer.ok) throw await refusal(answer);
    const { studies: said, words: ours } = await answer.json();
    words = ours;
    for (const { uid, accession } of studies) {
      const theirs = said.filter((one) => (uid ? one.study_instance_uid === uid : one.accession_number === accession));
      known.set(idOf({ uid, accession }), theirs);
    }
  }

  async function refusal(answer) {
    const { detail = `status ${answer.status}` } = await answer.json().catch(() => ({}));
    if (answer.status !== 401 || token) console.warn(`Preread: ${detail}`);
    return Object.assign(new Error(detail), { isSignedOut: answer.status === 401 && !token });
  }

  // Several studies with one accession number: the most suspicious one, and how many there are.
  function decorate(row, study) {
    const said = study ? (known.get(idOf(study)) ?? []) : [];
    const old = row.querySelector("[data-preread]");
    const look = JSON.stringify(said);
    if (old?.dataset.preread === look && said.length) return;
    old?.remove();
    if (!said.length) return;
    const worst = said.reduce((one, other) => (rank(other) > rank(one) ? other : one));
    const badge = document.createElement("span");
    badge.dataset.preread = look;
    fill(badge.attachShadow({ mode: "open" }), worst, said.length);
    (row.querySelector(list.badge ?? ":scope > *") ?? row).append(badge);
  }

  function rank({ positive, probability }) {
    return (positive ? 2 : 0) + (probability ?? -1);
  }

  function fill(root, study, count) {
    dress(root);
    const button = element("button", { className: `badge ${lookOf(study)}`, type: "button", title: say("Preread: show more") });
    button.append(...inBadge(study, count));
    const more = element("dialog", { className: "more" });
    button.addEventListener("click", (event) => {
      event.stopPropagation();
      event.preventDefault();
      more.replaceChildren(...details(study));
      if (more.open) more.close();
      else more.show();
    });
    more.addEventListener("click", (event) => event.stopPropagation());
    root.append(button, more);
  }

  function dress(root) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
  }

  // In the corner of the page, where to sign in; it can be closed, and goes with the next answer.
  function tell(text) {
    if (text && note) return;
    note?.remove();
    note = text ? element("div", {}) : null;
    if (!note) return;
    note.dataset.prereadNote = "";
    const root = note.attachShadow({ mode: "open" });
    dress(root);
    const href = `${pages}/sign-in`;
    const link = element("a", { href, target: "_blank", rel: "noopener noreferrer", textContent: text });
    const close = element("button", { type: "button", className: "close", textContent: "×", ariaLabel: "×" });
    const shown = element("p", { className: "more note" });
    close.addEventListener("click", () => shown.remove());
    shown.append(link, close);
    root.append(shown);
    document.body.append(note);
  }

  function lookOf({ probability, positive }) {
    if (probability === null) return "absent";
    return positive ? "above" : "below";
  }

  // Each {} takes one of the values.
  function say(text, ...values) {
    return (words[text] ?? text).replace(/\{\}/g, () => values.shift());
  }

  function inBadge({ probability, positive, category, label, priority, research, outdated }, count) {
    const parts = [];
    if (priority === "urgent") parts.push(say("Urgent"));
    if (probability === null) parts.push(label);
    else parts.push(`${positive ? "▲" : "▽"} ${(100 * probability).toFixed(0)} %`, category);
    if (outdated) parts.push(say("of fewer images"));
    if (count > 1) parts.push(say("1 of {} studies", count));
    if (research) parts.push(say("RESEARCH"));
    return parts.filter(Boolean).map((part) => element("span", { textContent: part }));
  }

  function details(study) {
    const { probability, threshold, positive, laterality, classifier, reason, research } = study;
    const lines = [];
    if (probability !== null) {
      const values = [percent(probability), percent(threshold)];
      if (positive) lines.push(say("Probability of malignancy {}, at or above the operating point {}", ...values));
      else lines.push(say("Probability of malignancy {}, below the operating point {}", ...values));
      const side = { L: say("Left"), R: say("Right") }[laterality];
      lines.push([classifier, side].filter(Boolean).join(", "));
    }
    lines.push(reason);
    if (research) lines.push(say("Research use only, not for clinical use. Not verified by a person."));
    const href = `${pages}/studies/${encodeURIComponent(study.study_instance_uid)}`;
    return [
      ...lines.map((line) => element("p", { textContent: line })),
      element("a", { href, target: "_blank", rel: "noopener noreferrer", textContent: say("Show the study in Preread") }),
    ];
  }

  function percent(share) {
    return `${(100 * share).toFixed(1)} %`;
  }

  function element(name, properties) {
    return Object.assign(document.createElement(name), properties);
  }

  async function again() {
    if (document.hidden) return;
    isSilent = false;
    const asked = [...known.keys()];
    const studies = asked.map((id) => (id.startsWith("accession ") ? { accession: id.slice(10) } : { uid: id }));
    if (studies.length) await ask(studies);
    scanSoon();
  }

  const STYLE = `
    .badge { all: unset; display: inline-flex; gap: 0.5em; margin-left: 0.6em; padding: 0 0.5em; border: 1px solid;
      border-radius: 0.8em; background: #151b21; color: #97a4b1; font: 600 12px/1.6 system-ui, sans-serif;
      white-space: nowrap; cursor: pointer; vertical-align: middle; text-shadow: none; }
    .badge:focus-visible { outline: 2px solid #8cbde8; outline-offset: 2px; }
    .above { color: #f0ad4e; }
    .below { color: #8db7d9; }
    .absent { border-style: dashed; }
    .more { position: fixed; inset: auto 1rem 1rem auto; max-width: 26rem; margin: 0; padding: 0.8rem 1rem; z-index: 2147483647;
      border: 1px solid #97a4b1; border-radius: 8px; background: #151b21; color: #dbe2e9;
      font: 14px/1.45 system-ui, sans-serif; white-space: normal; text-align: left; text-shadow: none; }
    .more p { margin: 0 0 0.5em; }
    .more a { color: #8cbde8; }
    .note { display: flex; gap: 0.8em; align-items: center; }
    .close { all: unset; padding: 0 0.4em; cursor: pointer; }
    .close:focus-visible { outline: 2px solid #8cbde8; outline-offset: 2px; }`;

  if (!list.rows) {
    console.error("Preread: say by data-rows, or by a data-preset, which elements are the rows of the list");
    return;
  }
  new MutationObserver(scanSoon).observe(document.documentElement, { childList: true, subtree: true });
  setInterval(again, AGAIN_MS);
  // Who comes back from signing in need not wait.
  document.addEventListener("visibilitychange", again);
  scanSoon();
})();
