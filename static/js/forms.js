// Enter in a search box takes the first thing that it found, in place of sending the form that it is in.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || !event.target.dataset.first) return;
  event.preventDefault();
  const first = document.querySelector(event.target.dataset.first);
  first?.click();
  // Letters are shortcuts again: what follows a chosen topic is "y" or "u".
  if (first?.matches("input")) first.focus();
});

// What was written is on the timeline now.
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest("form[data-clears]");
  if (form && event.detail.successful) form.reset();
});
