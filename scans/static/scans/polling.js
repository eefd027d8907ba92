/** Live parts: every element with data-poll="seconds" is asked to refresh itself, while somebody is there to see it. */

// A page left open must not keep its session alive for ever: without a sign of life the page stops asking.
const IDLE_AFTER_MS = 5 * 60 * 1000;

const lastAsked = new WeakMap();
let lastSign = Date.now();
let wasIdle = false;

function isIdle() {
  return Date.now() - lastSign > IDLE_AFTER_MS;
}

function refreshDue(isReturning) {
  for (const part of document.querySelectorAll("[data-poll]")) {
    const asked = lastAsked.get(part) ?? lastAsked.set(part, Date.now()).get(part);
    if (isReturning || Date.now() - asked >= Number(part.dataset.poll) * 1000) {
      lastAsked.set(part, Date.now());
      window.htmx.trigger(part, "refresh");
    }
  }
}

function look() {
  const idle = isIdle();
  if (idle !== wasIdle) {
    wasIdle = idle;
    document.dispatchEvent(new CustomEvent(idle ? "polling:paused" : "polling:resumed"));
  }
  if (!document.hidden && !idle) refreshDue(false);
}

for (const sign of ["pointermove", "pointerdown", "keydown", "scroll"]) {
  document.addEventListener(sign, () => {
    const returns = isIdle();
    lastSign = Date.now();
    if (returns) look();
  }, { passive: true, capture: true });
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !isIdle()) refreshDue(true);
});

setInterval(look, 500);
