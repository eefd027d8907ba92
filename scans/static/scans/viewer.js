/** The picture tools: zoom, pan, invert, fit, heat map. State outlives a live part that replaces the pictures. */

const STEP = 1.25;
const LARGEST = 16;
const PAN_STEP = 60;

const view = { scale: 1, x: 0, y: 0, inverted: false, overlay: false, shown: null };

const pictures = () => [...document.querySelectorAll("[data-picture]")];
const current = () => pictures().find((picture) => !picture.hidden);
const tool = (action) => document.querySelector(`.tool[data-action="${action}"]`);

function apply() {
  const picture = current();
  const film = picture?.querySelector(".film");
  document.getElementById("zoom-state").textContent = `${Math.round(view.scale * 100)} %`;
  tool("invert").setAttribute("aria-pressed", String(view.inverted));
  const overlay = film?.querySelector(".film-overlay");
  tool("overlay").disabled = !overlay;
  tool("overlay").setAttribute("aria-pressed", String(Boolean(overlay) && view.overlay));
  if (!film) return;
  film.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
  film.classList.toggle("is-inverted", view.inverted);
  picture.querySelector(".overlay-caption").hidden = !overlay || !view.overlay;
  if (!overlay) return;
  if (view.overlay && !overlay.getAttribute("src")) overlay.src = overlay.dataset.src;
  overlay.hidden = !view.overlay;
}

/** Zoom by a factor about a point of the stage, given from its centre. */
function zoom(factor, point = { x: 0, y: 0 }) {
  const scale = Math.min(Math.max(view.scale * factor, 1), LARGEST);
  const grown = scale / view.scale;
  view.x = scale === 1 ? 0 : point.x - (point.x - view.x) * grown;
  view.y = scale === 1 ? 0 : point.y - (point.y - view.y) * grown;
  view.scale = scale;
  apply();
}

function pan(x, y) {
  view.x += x;
  view.y += y;
  apply();
}

function fit() {
  Object.assign(view, { scale: 1, x: 0, y: 0 });
  apply();
}

/** What each tool does, by the name of its data-action. */
export const tools = {
  "zoom-in": () => zoom(STEP),
  "zoom-out": () => zoom(1 / STEP),
  fit,
  invert: () => {
    view.inverted = !view.inverted;
    apply();
  },
  overlay: () => {
    view.overlay = !view.overlay;
    apply();
  },
  reset: () => {
    Object.assign(view, { inverted: false, overlay: false });
    fit();
  },
};

function show(id) {
  view.shown = id;
  for (const picture of pictures()) picture.hidden = picture.dataset.picture !== id;
  for (const choice of document.querySelectorAll("[data-show]")) {
    choice.setAttribute("aria-pressed", String(choice.dataset.show === id));
  }
  apply();
}

function fromCentre(stage, event) {
  const box = stage.getBoundingClientRect();
  return { x: event.clientX - box.left - box.width / 2, y: event.clientY - box.top - box.height / 2 };
}

const pointers = new Map();

function onMove(stage, event) {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
  const now = { x: event.clientX, y: event.clientY };
  if (other) {
    const distance = (from) => Math.hypot(from.x - other.x, from.y - other.y) || 1;
    zoom(distance(now) / distance(before), fromCentre(stage, event));
  } else {
    pan(now.x - before.x, now.y - before.y);
  }
  pointers.set(event.pointerId, now);
}

function listenTo(stage) {
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY < 0 ? STEP : 1 / STEP, fromCentre(stage, event));
  }, { passive: false });
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  stage.addEventListener("pointermove", (event) => onMove(stage, event));
  for (const end of ["pointerup", "pointercancel"]) {
    stage.addEventListener(end, (event) => pointers.delete(event.pointerId));
  }
  const arrows = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  stage.addEventListener("keydown", (event) => {
    const arrow = arrows[event.key];
    if (!arrow || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    pan(arrow[0] * PAN_STEP, arrow[1] * PAN_STEP);
  });
}

/** Take hold of the pictures that are on the page now; call it again after a live part replaced them. */
export function takeHold() {
  pointers.clear();
  for (const stage of document.querySelectorAll(".stage")) listenTo(stage);
  for (const choice of document.querySelectorAll("[data-show]")) {
    choice.addEventListener("click", () => show(choice.dataset.show));
  }
  const ids = pictures().map((picture) => picture.dataset.picture);
  show(ids.includes(view.shown) ? view.shown : ids[0]);
}
