// `::` in a chat offers the saved replies as one types; Enter or Tab takes one.
const form = document.getElementById("chat-compose");
const text = document.getElementById("chat-text");
const box = document.getElementById("chat-replies");
const MARK = /::([\p{L}\d_-]*)$/u;

if (form) {
  const replies = [...form.querySelectorAll("template[data-reply]")].map((one) => ({
    shortcut: one.dataset.reply,
    name: one.dataset.name,
    text: one.content.textContent,
  }));
  let at = 0;
  const close = () => {
    box.hidden = true;
    box.replaceChildren();
  };
  const mark = () => MARK.exec(text.value.slice(0, text.selectionStart));
  const take = (reply) => {
    const found = mark();
    if (!found) return;
    const begin = text.selectionStart - found[0].length;
    text.setRangeText(reply.text, begin, text.selectionStart, "end");
    close();
    text.focus();
    text.dispatchEvent(new Event("input"));
  };
  const paint = () => [...box.children].forEach((one, place) => one.setAttribute("aria-selected", String(place === at)));
  text.addEventListener("input", () => {
    const found = mark();
    if (!found) return close();
    const wanted = found[1].toLowerCase();
    const fitting = replies.filter((one) => one.shortcut.toLowerCase().startsWith(wanted) || one.name.toLowerCase().includes(wanted)).slice(0, 8);
    at = 0;
    box.replaceChildren(
      ...fitting.map((one) => {
        const option = document.createElement("button");
        option.type = "button";
        option.setAttribute("role", "option");
        option.className = "dropdown-item";
        option.textContent = `::${one.shortcut}  ${one.name}`;
        option.addEventListener("click", () => take(one));
        option.reply = one;
        return option;
      }),
    );
    box.hidden = !fitting.length;
    paint();
  });
  text.addEventListener("keydown", (event) => {
    const options = [...box.children];
    if (box.hidden || !options.length || event.ctrlKey || event.metaKey) return;
    const keys = {
      ArrowDown: () => (at = (at + 1) % options.length),
      ArrowUp: () => (at = (at + options.length - 1) % options.length),
      Enter: () => take(options[at].reply),
      Tab: () => take(options[at].reply),
      Escape: close,
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
    paint();
  });
}
