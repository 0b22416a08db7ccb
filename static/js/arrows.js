// Within data-arrows the arrows walk from the search field down through what was found, and back.
document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const place = event.target.closest("[data-arrows]");
  if (!place) return;
  const stops = [...place.querySelectorAll("input[type=search], .list-group-item-action, .card-footer a")];
  const at = stops.indexOf(event.target);
  const next = stops[at + (event.key === "ArrowDown" ? 1 : -1)];
  if (at < 0 || !next) return;
  event.preventDefault();
  next.focus();
});

// What was typed before the page was ready to listen is looked for now.
window.addEventListener("load", () => {
  const field = document.querySelector("[data-arrows] input[type=search]");
  if (field && field.value !== field.defaultValue) window.htmx.trigger(field.form, "submit");
});
