// What plain HTML cannot: take an answer back, and not send twice. Without this the page works all the same.

for (const fieldset of document.querySelectorAll("fieldset")) {
  const clear = fieldset.querySelector(".clear");
  const chosen = () => fieldset.querySelector("input:checked");
  clear.hidden = !chosen();
  fieldset.addEventListener("change", () => {
    clear.hidden = false;
  });
  clear.addEventListener("click", () => {
    const input = chosen();
    if (input) {
      input.checked = false;
      input.focus();
    }
    clear.hidden = true;
  });
}

const form = document.querySelector("form");
const send = form.querySelector(".send");
form.addEventListener("submit", (event) => {
  if (send.ariaDisabled) event.preventDefault();
  send.ariaDisabled = "true";
});
// Back from the next page, the button works again.
addEventListener("pageshow", () => send.removeAttribute("aria-disabled"));
