/** Single keys for what the page's own buttons do: each key presses the element that carries its data-action. */

const OFF = "lightbox.single-keys-off";

/** Tell whether the person is writing or choosing, so that letters belong to the field. */
export function isTyping(target) {
  return target instanceof Element && target.closest("textarea, select, input:not([type=checkbox]):not([type=radio]), [contenteditable]") !== null;
}

/** Tell whether single letters are switched off on this computer (WCAG 2.1.4). */
export function areSingleKeysOff() {
  try {
    return localStorage.getItem(OFF) === "yes";
  } catch {
    return false; // storage is refused in some private windows; the keys then stay on
  }
}

/** Remember whether single letters act. */
export function switchSingleKeys(off) {
  try {
    localStorage.setItem(OFF, off ? "yes" : "no");
  } catch {
    /* nothing to remember it in; it holds for this page */
  }
}

function nameOf(event) {
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + (name === " " ? "Space" : name);
}

// Space and Enter belong to the element that has the focus, when it is one that they press.
function isForTheElement(event, name) {
  return ["Space", "Enter"].includes(name) && event.target.closest("button, a, summary, input, label") !== null;
}

/**
 * Bind keys.
 *
 * bindings: {key: action}; an action is a function, or the data-action of an element to press. Keys named in `always`
 * act in text fields too.
 */
export function bindKeys(bindings, { always = [] } = {}) {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.defaultPrevented || event.isComposing) return;
    const name = nameOf(event);
    const action = bindings[name];
    if (action === undefined || isForTheElement(event, name)) return;
    if (!always.includes(name)) {
      if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
      if (areSingleKeysOff() && !name.startsWith("Ctrl+") && name !== "?") return;
    }
    const act = typeof action === "function" ? action : () => press(action);
    if (act(event) !== false) event.preventDefault();
  });
}

function press(action) {
  const element = document.querySelector(`[data-action="${action}"]`);
  if (!element || element.disabled) return false;
  element.click();
  return true;
}
