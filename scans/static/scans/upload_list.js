/** The list of files on the upload page: one line each, with its progress, its answer and what can be done. */

function iconOf(name) {
  return document.getElementById(`icon-${name}`).content.cloneNode(true);
}

function sizeInWords(bytes) {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** One file's line. */
export class FileLine {
  constructor(list, file, { onRetry, onRemove }) {
    this.element = document.getElementById("file-template").content.firstElementChild.cloneNode(true);
    this.part(".file-name").textContent = file.name;
    this.part(".file-size").textContent = sizeInWords(file.size);
    this.part(".file-progress").setAttribute("aria-label", `Progress of ${file.name}`);
    this.part(".file-retry").addEventListener("click", onRetry);
    this.part(".file-remove").addEventListener("click", () => {
      this.element.remove();
      onRemove();
    });
    list.append(this.element);
  }

  part(selector) {
    return this.element.querySelector(selector);
  }

  progress(percent) {
    this.part(".file-progress").value = percent;
    if (percent >= 100) this.words("Being checked and stored");
  }

  words(text, icon) {
    const state = this.part(".file-state");
    state.replaceChildren(...(icon ? [iconOf(icon), " "] : []), text);
    return state;
  }

  sending() {
    this.element.classList.remove("is-refused", "is-waiting-for-network");
    this.part(".file-retry").hidden = true;
    this.part(".file-remove").hidden = true;
    this.progress(0);
    this.words("Sending");
  }

  accepted(answer) {
    this.element.classList.add("is-accepted");
    this.part(".file-progress").value = 100;
    const state = this.words(answer.is_repeat ? "Accepted (it was here already): " : "Accepted: ", "check");
    const link = document.createElement("a");
    link.href = answer.url;
    link.textContent = "open the scan";
    state.append(link);
    this.followStatus(answer.status_url);
  }

  followStatus(url) {
    const live = document.createElement("span");
    live.setAttribute("hx-get", url);
    live.setAttribute("hx-trigger", "load");
    live.setAttribute("hx-swap", "outerHTML");
    this.part(".file-live").replaceChildren(live);
    window.htmx.process(live);
  }

  refused(detail) {
    this.element.classList.add("is-refused");
    this.part(".file-progress").value = 0;
    this.words(`Refused. ${detail}`, "warning");
    this.offer("Send again");
  }

  failed(detail) {
    this.element.classList.add("is-waiting-for-network");
    this.words(`Not sent. ${detail} Sending it again is safe.`, "warning");
    this.offer("Try again");
  }

  offer(words) {
    const retry = this.part(".file-retry");
    retry.lastChild.textContent = ` ${words}`;
    retry.hidden = false;
    this.part(".file-remove").hidden = true;
  }
}
