/** What every page needs: a fresh CSRF token, and words for a session or a server that went away. */

/** Return the CSRF token of the cookie: the one in the page goes stale when the person signs in again in another tab. */
export function csrfToken() {
  const match = document.cookie.match(/(?:^|;\s*)csrftoken=([^;]+)/);
  return match ? match[1] : "";
}

/** Tell whether a finished request was sent on to the sign-in page. */
export function wasSignedOut(xhr) {
  const signIn = document.body.dataset.signIn;
  return Boolean(xhr.responseURL) && new URL(xhr.responseURL).pathname === signIn;
}

const notice = document.getElementById("notice");

/** Show one sentence above the page, with an optional link that opens beside it. */
export function tell(sentence, link) {
  notice.replaceChildren(document.createTextNode(sentence + " "));
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.href;
    anchor.target = "_blank";
    anchor.textContent = link.text;
    notice.append(anchor);
  }
  notice.hidden = false;
}

/** Take the sentence away again. */
export function untell() {
  notice.hidden = true;
}

/** Say that the session ended; nothing on the page is thrown away. */
export function tellSignedOut() {
  tell("Your session has ended. What you typed is still on this page but is not saved.", {
    href: document.body.dataset.signIn,
    text: "Sign in in a new tab, then come back here and go on.",
  });
}

document.addEventListener("htmx:configRequest", (event) => {
  const token = csrfToken();
  if (!token) return;
  event.detail.headers["X-CSRFToken"] = token;
  if (event.detail.parameters.csrfmiddlewaretoken) event.detail.parameters.csrfmiddlewaretoken = token;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (wasSignedOut(event.detail.xhr)) {
    event.detail.shouldSwap = false;
    event.detail.isError = true;
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
