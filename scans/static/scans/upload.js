/** The technician's page: files are gathered, then sent a few at a time, each with its own answer. */

import "./polling.js";
import { tellSignedOut } from "../portal/connection.js";
import { FileLine } from "./upload_list.js";
import { newStudyUid, newUploadId, sendFile } from "./upload_sender.js";

const PARALLEL = 3;

const form = document.getElementById("upload");
const input = document.getElementById("id_images");
const drop = document.getElementById("drop");
const list = document.getElementById("list");
const send = document.getElementById("send");
const clear = document.getElementById("clear");
const summary = document.getElementById("summary");

let entries = [];
let running = 0;

function count(...states) {
  return entries.filter((entry) => states.includes(entry.state)).length;
}

function showState() {
  const ready = count("ready");
  const waiting = count("queued", "sending");
  document.getElementById("send-words").textContent = ready ? `Send ${ready} ${ready === 1 ? "file" : "files"}` : "Send";
  send.disabled = !ready;
  clear.hidden = !entries.length || waiting > 0 || ready > 0;
  if (!entries.length) return;
  const parts = [`${count("accepted")} of ${entries.length} accepted`];
  if (count("refused")) parts.push(`${count("refused")} refused`);
  if (count("failed")) parts.push(`${count("failed")} not sent`);
  if (waiting) parts.push(`${waiting} under way`);
  if (ready) parts.push(`${ready} ready to send`);
  summary.textContent = `${parts.join(", ")}.`;
}

function statedFields() {
  const fields = new FormData(form);
  fields.delete("images");
  fields.delete("study_instance_uid");
  return fields;
}

function add(files) {
  for (const file of files) {
    const entry = { file, state: "ready" };
    entry.line = new FileLine(list, file, {
      onRetry: () => retry(entry),
      onRemove: () => {
        entries = entries.filter((other) => other !== entry);
        showState();
      },
    });
    entries.push(entry);
  }
  input.value = "";
  showState();
}

function queue(entry, fields) {
  entry.fields = fields;
  entry.uploadId = newUploadId();
  entry.state = "queued";
}

function queueReady() {
  const fields = statedFields();
  if (fields.get("one_scan")) fields.set("study_instance_uid", newStudyUid());
  for (const entry of entries.filter((each) => each.state === "ready")) queue(entry, fields);
  sendNext();
}

/** A refused file goes again with the fields as they are now; one that was not sent goes again exactly as it was. */
function retry(entry) {
  if (entry.state === "refused") {
    const fields = statedFields();
    const study = entry.fields.get("study_instance_uid");
    if (study && fields.get("one_scan")) fields.set("study_instance_uid", study);
    queue(entry, fields);
  }
  entry.state = "queued";
  sendNext();
}

async function sendOne(entry) {
  entry.state = "sending";
  running += 1;
  entry.line.sending();
  showState();
  const answer = await sendFile({
    url: form.dataset.fileUrl,
    file: entry.file,
    fields: entry.fields,
    uploadId: entry.uploadId,
    onProgress: (percent) => entry.line.progress(percent),
  });
  running -= 1;
  entry.state = answer.kind === "signed-out" ? "failed" : answer.kind;
  if (answer.kind === "accepted") entry.line.accepted(answer);
  else if (answer.kind === "refused") entry.line.refused(answer.detail);
  else if (answer.kind === "failed") entry.line.failed(answer.detail);
  else {
    entry.line.failed("Your session has ended.");
    tellSignedOut();
  }
  sendNext();
}

function sendNext() {
  while (running < PARALLEL) {
    const entry = entries.find((each) => each.state === "queued");
    if (!entry) break;
    sendOne(entry);
  }
  showState();
}

input.addEventListener("change", () => add(input.files));
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("is-over");
  });
}
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("is-over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  add(event.dataTransfer.files);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  queueReady();
});
clear.addEventListener("click", () => {
  entries = [];
  list.replaceChildren();
  form.reset();
  summary.textContent = "";
  showState();
  document.getElementById("id_patient_mrn").focus();
});
window.addEventListener("beforeunload", (event) => {
  if (count("queued", "sending")) event.preventDefault();
});
showState();
