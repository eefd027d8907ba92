/** The worklist's keys and its live rows. */

import "./polling.js";
import { bindKeys } from "./keys.js";

const rows = document.getElementById("rows");
const changes = document.getElementById("changes");
const liveState = document.getElementById("live-state");
const liveWords = liveState.textContent;

function links() {
  return [...rows.querySelectorAll("a.open-scan")];
}

function move(step) {
  const all = links();
  if (!all.length) return false;
  const now = all.indexOf(document.activeElement);
  const next = now < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(now + step, 0), all.length - 1);
  all[next].focus();
  all[next].closest("tr").scrollIntoView({ block: "nearest" });
  return true;
}

bindKeys({
  j: () => move(1),
  k: () => move(-1),
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  n: () => {
    const first = links()[0];
    if (first) first.click();
    return Boolean(first);
  },
});

// The same rows again are not swapped in: nothing flickers, and a screen reader is left in peace.
let lastRows = "";
rows.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.responseText === lastRows) event.detail.shouldSwap = false;
  lastRows = event.detail.xhr.responseText;
});

let known = new Set(links().map((link) => link.id));
rows.addEventListener("htmx:afterSwap", () => {
  const now = new Set(links().map((link) => link.id));
  const come = [...now].filter((id) => !known.has(id)).length;
  const gone = [...known].filter((id) => !now.has(id)).length;
  if (come || gone) changes.textContent = `The list changed: ${come} new, ${gone} gone.`;
  known = now;
});

document.addEventListener("polling:paused", () => {
  liveState.textContent = "Paused: nobody was here for five minutes. Move the mouse or press a key to go on.";
});
document.addEventListener("polling:resumed", () => {
  liveState.textContent = liveWords;
});
