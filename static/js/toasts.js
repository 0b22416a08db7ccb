// Short words in the corner, read out by screen readers. The server sends them with the header HX-Trigger: {"desk:say": "…"}.
export const toast = (text, { action, onAction, seconds = 5 } = {}) => {
  const box = document.createElement("div");
  box.className = "desk-toast";
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm";
    button.textContent = action;
    button.addEventListener("click", () => {
      box.remove();
      onAction();
    });
    box.append(button);
  }
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), seconds * 1000);
  return box;
};

document.addEventListener("desk:say", (event) => toast(event.detail.value));
for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, () => toast(document.body.dataset.failed));
}
