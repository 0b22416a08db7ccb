// One dialog for everything that is chosen or asked: a field with a list below it, worked by arrows and Enter.
const dialog = document.getElementById("picker");
const choices = () => [...dialog.querySelectorAll("button.choice")];
let opener = null;

async function open(address, from) {
  opener = from;
  await window.htmx.ajax("GET", address, { source: dialog, target: "#picker", swap: "innerHTML" });
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[autofocus], input:not([type=hidden]), select, textarea, button")?.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-pick]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link.getAttribute("href"), link);
});

dialog.addEventListener("keydown", (event) => {
  if (!["ArrowDown", "ArrowUp", "Enter"].includes(event.key) || event.target.matches("select, textarea")) return;
  const all = choices();
  const at = all.indexOf(document.activeElement);
  if (event.key === "Enter") {
    if (at >= 0 || !event.target.matches("#picker-q")) return;
    event.preventDefault();
    all[0]?.click();
    return;
  }
  if (all.length === 0) return;
  event.preventDefault();
  const next = at + (event.key === "ArrowDown" ? 1 : -1);
  if (next < 0) dialog.querySelector("#picker-q")?.focus();
  else all[Math.min(next, all.length - 1)].focus();
});
// A press beside the dialog closes it.
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
dialog.addEventListener("close", () => {
  dialog.replaceChildren();
  // What opened it may have been replaced by what was chosen; a key works from anywhere.
  if (opener?.isConnected) opener.focus({ preventScroll: true });
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form[data-closes]");
  if (!form || !event.detail.successful || event.detail.xhr.status === 204) return;
  if (form.dataset.insert) document.dispatchEvent(new CustomEvent("desk:insert", { detail: form.dataset.insert }));
  dialog.close();
});
