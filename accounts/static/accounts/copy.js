/** The copy button beside something that is shown once; without this script the text is selected by hand. */

const said = document.getElementById("copied");

for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      said.textContent = "Copied.";
    } catch {
      // Browsers give the clipboard to secure pages only; the embedded desk speaks plain HTTP.
      said.textContent = document.execCommand("copy") ? "Copied." : "Selected. Press Ctrl+C to copy it.";
    }
  });
}
