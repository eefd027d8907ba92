/** The report's text: saved as it is typed, kept on the page whatever happens to session or server. */

import { csrfToken, wasSignedOut } from "../portal/connection.js";

const SAVE_AFTER_MS = 1500;
const TRY_AGAIN_MS = 15000;

const form = document.getElementById("report-form");
const state = document.getElementById("draft-state");

const text = () => JSON.stringify([form.findings.value, form.impression.value]);

let saved = form ? text() : "";
let sent = saved;
let timer = 0;
let isSigning = false;

const isDirty = () => text() !== saved;

function save() {
  clearTimeout(timer);
  if (!isDirty() || isSigning) return;
  sent = text();
  window.htmx.trigger(form, "save");
}

function notSaved() {
  state.textContent = "Not saved. Your text is still here; saving is tried again by itself.";
}

function afterRequest(event) {
  const { xhr, elt } = event.detail;
  if (elt.id === "sign") {
    isSigning = xhr.status === 200 && !wasSignedOut(xhr);
    // Not signed: the text is saved as the draft it still is, and the page says so.
    if (!isSigning) save();
    return;
  }
  if (elt !== form) return;
  if (xhr.status === 200 && !wasSignedOut(xhr)) saved = sent;
  else if (xhr.status !== 422) notSaved();
}

/** Start saving; without a report form there is nothing to do. */
export function watchDraft() {
  if (!form) return;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER_MS);
    state.textContent = "Not saved yet.";
  });
  form.addEventListener("change", save);
  document.getElementById("save-draft").addEventListener("click", (event) => {
    event.preventDefault();
    save();
  });
  document.addEventListener("htmx:afterRequest", afterRequest);
  // The person comes back from signing in again in another tab.
  window.addEventListener("focus", save);
  setInterval(save, TRY_AGAIN_MS);
  window.addEventListener("pagehide", () => {
    if (!isDirty() || isSigning) return;
    const body = new FormData(form);
    body.set("csrfmiddlewaretoken", csrfToken());
    // keepalive: the request outlives the page that sends it.
    fetch(form.getAttribute("hx-post"), { method: "POST", body, keepalive: true, headers: { "HX-Request": "true" } });
  });
  window.addEventListener("beforeunload", (event) => {
    if (isDirty() && !isSigning && state.textContent.startsWith("Not saved. ")) event.preventDefault();
  });
}
