// Putting a dashboard together: widgets dragged to their place, and of the form only the fields that the kind has.
// Without it every verb is a button that works by itself.

let dragged = null;

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-widget]");
  if (!dragged) return;
  dragged.classList.add("is-dragged");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.id);
});
document.addEventListener("dragover", (event) => {
  const over = dragged && event.target.closest?.("[data-widget]");
  document.querySelectorAll(".is-over").forEach((one) => one.classList.toggle("is-over", one === over));
  if (!over) return;
  event.preventDefault();
  over.classList.add("is-over");
});
document.addEventListener("drop", (event) => {
  const over = dragged && event.target.closest?.("[data-widget]");
  if (!over || over === dragged) return;
  event.preventDefault();
  const place = [...over.parentElement.children].indexOf(over);
  window.htmx.ajax("POST", dragged.dataset.placeUrl, { target: "#composer", swap: "outerHTML", values: { to: place } });
});
document.addEventListener("dragend", () => {
  document.querySelectorAll(".is-dragged, .is-over").forEach((one) => one.classList.remove("is-dragged", "is-over"));
  dragged = null;
});

function fit(form) {
  const kind = form.elements.kind.value;
  let most = 1;
  let splits = [];
  form.querySelectorAll("[data-kind]").forEach((about) => {
    const is = about.dataset.kind === kind;
    about.hidden = !is;
    if (!is) return;
    most = Number(about.dataset.most);
    splits = (about.dataset.splits ?? "").split(" ").filter(Boolean);
  });
  // One more than are chosen, so that eight empty lists do not stand there from the beginning.
  let chosen = 0;
  form.querySelectorAll("[data-figure]").forEach((box) => {
    const number = Number(box.dataset.figure);
    const select = box.querySelector("select");
    box.hidden = number > most || number > chosen + 1;
    select.disabled = number > most;
    if (select.value && number <= most) chosen = number;
  });
  const by = form.querySelector("[data-by]");
  by.hidden = splits.length === 0;
  const select = by.querySelector("select");
  select.disabled = by.hidden;
  select.querySelectorAll("option").forEach((option) => {
    option.hidden = option.disabled = option.value !== "" && !splits.includes(option.value);
  });
  if (!by.hidden && select.value && !splits.includes(select.value)) select.value = "";
}

const fitAll = () => document.querySelectorAll("[data-widget-form]").forEach(fit);
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("[data-widget-form]");
  if (form) fit(form);
});
document.addEventListener("htmx:load", fitAll);
fitAll();
