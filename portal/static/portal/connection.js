/** Between page and server: a fresh CSRF token, and words for a session or a server that went away. */

/** Return the CSRF token of the cookie: the one in the page goes stale when the person signs in again in another tab. */
export function csrfToken() {
  const match = document.cookie.match(/(?:^|;\s*)csrftoken=([^;]+)/);
  return match ? match[1] : "";
}

/** Tell whether a finished request was sent on to the sign-in page. */
export function wasSignedOut(xhr) {
  return Boolean(xhr.responseURL) && new URL(xhr.responseURL).pathname === document.body.dataset.signIn;
}

/** Show one sentence above the page, with an optional link that opens beside it. */
export function tell(sentence, link) {
  const notice = document.getElementById("notice");
  const words = document.createElement("p");
  words.textContent = sentence + " ";
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.href;
    anchor.target = "_blank";
    anchor.textContent = link.text;
    words.append(anchor);
  }
  if (notice.textContent !== words.textContent) notice.replaceChildren(words);
  notice.hidden = false;
}

/** Take the sentence away again. */
export function untell() {
  document.getElementById("notice").hidden = true;
}

/** Say that the session ended; nothing on the page is thrown away. */
export function tellSignedOut() {
  tell("Your session has ended. What you typed is still on this page but is not saved.", {
    href: document.body.dataset.signIn,
    text: "Sign in in a new tab, then come back here and go on.",
  });
}
