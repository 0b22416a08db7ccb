// Single letters, off while somebody types, in dialogs, and for who has switched them off.
// An element says its own letter with aria-keyshortcuts: a link is followed, a button pressed, a field focused.
const sheet = document.getElementById("key-sheet");
const box = document.getElementById("single-keys");
const stored = () => localStorage.getItem("single-keys") !== "off";

if (box) {
  box.checked = stored();
  box.addEventListener("change", () => localStorage.setItem("single-keys", box.checked ? "on" : "off"));
}

const typing = (element) => element.matches("input, textarea, select, [contenteditable]") && element.type !== "checkbox" && element.type !== "radio";

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    // Outside of any form: the page's own one, such as a call's wrap-up.
    const form = event.target.closest("form:not([role=search])") ?? document.querySelector("form:has([data-whole])");
    if (form) {
      event.preventDefault();
      form.requestSubmit();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing(event.target) || document.querySelector("dialog[open]") || !stored()) return;
  if (event.key === "?") {
    sheet?.showModal();
    return;
  }
  // A call that rings comes before what the letter means on the page.
  const letter = `[aria-keyshortcuts="${CSS.escape(event.key)}"]`;
  const named = document.querySelector(`#call-pop ${letter}`) ?? document.querySelector(letter);
  if (!named) return;
  event.preventDefault();
  if (named.matches("input, textarea, select, trix-editor")) named.focus();
  else named.click();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-sheet]")) sheet?.showModal();
});
