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
  // A file goes along with a message, not with a text that is kept.
  editor.addEventListener("trix-file-accept", (event) => event.preventDefault());
  document.addEventListener("click", (event) => {
    const place = event.target.closest("[data-place]")?.dataset.place;
    if (!place) return;
    editor.editor.insertString(place);
    editor.focus();
  });
}
