/** On every page: each request carries the session's token, and a session or server that went away is said in words. */

import { csrfToken, tell, tellSignedOut, untell, wasSignedOut } from "./connection.js";

document.addEventListener("htmx:configRequest", (event) => {
  const token = csrfToken();
  if (!token) return;
  event.detail.headers["X-CSRFToken"] = token;
  if (event.detail.parameters.csrfmiddlewaretoken) event.detail.parameters.csrfmiddlewaretoken = token;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (wasSignedOut(event.detail.xhr)) {
    event.detail.shouldSwap = false;
    tellSignedOut();
  } else if (event.detail.xhr.status < 400) {
    untell();
  }
});

document.addEventListener("htmx:sendError", () => {
  tell("The server cannot be reached. This page goes on by itself when it is back; what you typed stays here.");
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (!wasSignedOut(xhr)) tell(`The server answered ${xhr.status}. What you typed stays here; try again in a moment.`);
});

// An ordinary form may be older than the session it is sent with.
document.addEventListener("submit", (event) => {
  const field = event.target.querySelector("input[name=csrfmiddlewaretoken]");
  const token = csrfToken();
  if (field && token) field.value = token;
});
