// Puts the editor in the place of a plain field: <textarea data-rich>, with its tools in [data-rich-tools] before it.
const area = document.querySelector("textarea[data-rich]");

if (area) {
  const tools = area.parentElement.querySelector("[data-rich-tools]");
  const label = document.querySelector(`label[for="${CSS.escape(area.id)}"]`);
  const editor = document.createElement("trix-editor");
  editor.className = "trix-content rich";
  editor.setAttribute("input", area.id);
  editor.setAttribute("toolbar", tools.querySelector("trix-toolbar").id);
  editor.setAttribute("aria-label", label.textContent.trim());
  editor.setAttribute("dir", "auto");
  if (area.hasAttribute("aria-describedby")) editor.setAttribute("aria-describedby", area.getAttribute("aria-describedby"));
  if (area.hasAttribute("aria-invalid")) editor.setAttribute("aria-invalid", "true");
  area.hidden = true;
  tools.hidden = false;
  area.after(editor);
  label.addEventListener("click", () => editor.focus());
  // The editor hands over the last letters with its next frame: a form that is sent at once waits for it.
  let isHanded = false;
  area.form.addEventListener("submit", (event) => {
    if (isHanded) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    const send = () => {
      if (isHanded) return;
      isHanded = true;
      area.form.requestSubmit(submitter);
    };
    requestAnimationFrame(() => setTimeout(send));
    setTimeout(send, 200);
  }, true);
  // A file goes along with a message, not with a text that is kept.
  editor.addEventListener("trix-file-accept", (event) => event.preventDefault());
  document.addEventListener("click", (event) => {
    const place = event.target.closest("[data-place]")?.dataset.place;
    if (!place) return;
    editor.editor.insertString(place);
    editor.focus();
  });
}
