/** The scan page: picture tools, keys, verdict, draft. */

import "./polling.js";
import { areSingleKeysOff, bindKeys, switchSingleKeys } from "./keys.js";
import { watchDraft } from "./draft.js";
import { takeHold, tools } from "./viewer.js";

const help = document.getElementById("help");
const keysOff = document.getElementById("single-keys-off");

function openAmend() {
  const amend = document.getElementById("amend");
  amend.hidden = false;
  document.getElementById("verdict-amend").setAttribute("aria-expanded", "true");
  document.getElementById("amend-label").focus();
}

const actions = { ...tools, amend: openAmend, help: () => help.showModal() };

// On the document, because live parts replace the buttons.
document.addEventListener("click", (event) => {
  const name = event.target.closest?.("[data-action]")?.dataset.action;
  if (name in actions) actions[name]();
});

bindKeys(
  {
    i: "invert",
    o: "overlay",
    "+": "zoom-in",
    "-": "zoom-out",
    "=": "fit",
    Space: "reset",
    y: "accept",
    x: "reject",
    e: "amend",
    c: "cannot_tell",
    n: "next",
    "Ctrl+ArrowRight": "next",
    "Ctrl+Enter": "sign",
    F2: () => {
      const field = document.getElementById("findings");
      field?.focus();
      return Boolean(field);
    },
    "?": "help",
  },
  { always: ["Ctrl+Enter", "F2"] },
);

keysOff.checked = areSingleKeysOff();
keysOff.addEventListener("change", () => switchSingleKeys(keysOff.checked));

let shownPictures = document.getElementById("pictures");
document.addEventListener("htmx:oobAfterSwap", () => {
  const now = document.getElementById("pictures");
  if (now !== shownPictures) takeHold();
  shownPictures = now;
});

takeHold();
watchDraft();
