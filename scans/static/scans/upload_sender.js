/** Sends one file by its own request, so that it has its own progress and its own answer. */

import { csrfToken, wasSignedOut } from "../portal/connection.js";

// Random bytes, because crypto.randomUUID exists on https and localhost only and hospitals have plain intranets.
function randomUuidBytes() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes;
}

function hexOf(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return a key that makes a repeated send harmless. */
export function newUploadId() {
  return hexOf(randomUuidBytes());
}

/** Return a DICOM UID made from a random UUID (PS3.5 B.2). */
export function newStudyUid() {
  return `2.25.${BigInt(`0x${hexOf(randomUuidBytes())}`)}`;
}

function answerOf(xhr) {
  if (wasSignedOut(xhr)) return { kind: "signed-out" };
  let body = {};
  try {
    body = JSON.parse(xhr.responseText);
  } catch {
    body = {};
  }
  if (xhr.status === 201 && body.url) return { kind: "accepted", ...body };
  if (xhr.status === 413) return { kind: "refused", detail: body.detail ?? "The file is larger than this desk takes." };
  if (xhr.status === 422 || xhr.status === 400) return { kind: "refused", detail: body.detail ?? "The server refused the file." };
  return { kind: "failed", detail: body.detail ?? `The server answered ${xhr.status || "nothing"}.` };
}

/**
 * Send one file.
 *
 * fields: FormData with everything but the file. onProgress is called with 0 to 100.
 * Returns a promise of {kind: accepted | refused | failed | signed-out, ...}; it never rejects.
 */
export function sendFile({ url, file, fields, uploadId, onProgress }) {
  return new Promise((resolve) => {
    const body = new FormData();
    for (const [name, value] of fields.entries()) body.append(name, value);
    body.append("images", file, file.name);
    const xhr = new XMLHttpRequest();
    xhr.open("POST", url);
    xhr.setRequestHeader("X-CSRFToken", csrfToken());
    xhr.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    xhr.setRequestHeader("Idempotency-Key", uploadId);
    xhr.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress((event.loaded / event.total) * 100);
    });
    xhr.addEventListener("load", () => resolve(answerOf(xhr)));
    xhr.addEventListener("error", () => resolve({ kind: "failed", detail: "The connection broke before the file was taken." }));
    xhr.addEventListener("abort", () => resolve({ kind: "failed", detail: "The send was stopped." }));
    xhr.send(body);
  });
}
