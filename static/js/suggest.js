// `::` saved replies, `??` articles, `@@` people: offered below the line as somebody types, taken by Enter or Tab.
const MARK = /(::|\?\?|@@)([\p{L}\d_.-]*)$/u;

export function suggestIn(element, box, address) {
  let found = null; // the mark, what stands after it, and where
  let at = 0;
  let asked = 0;

  const options = () => [...box.children];
  const close = () => {
    found = null;
    box.hidden = true;
    box.replaceChildren();
    element.removeAttribute("aria-activedescendant");
  };
  const show = () => {
    options().forEach((one, place) => one.setAttribute("aria-selected", String(place === at)));
    element.setAttribute("aria-activedescendant", options()[at]?.id ?? "");
    options()[at]?.scrollIntoView({ block: "nearest" });
  };
  const take = (option) => {
    const { editor } = element;
    const { end, length } = found;
    editor.setSelectedRange([end - length, end]);
    editor.insertHTML(option.dataset.html);
    close();
    element.focus();
  };

  const look = async () => {
    const { editor } = element;
    const [start, end] = editor.getSelectedRange();
    const match = start === end ? MARK.exec(editor.getDocument().toString().slice(0, start)) : null;
    if (!match) {
      close();
      return;
    }
    found = { end, length: match[0].length };
    const turn = ++asked;
    const answer = await fetch(`${address}?${new URLSearchParams({ mark: match[1], q: match[2] })}`).catch(() => null);
    if (!answer?.ok || turn !== asked || !found) return;
    box.innerHTML = await answer.text();
    at = 0;
    box.hidden = box.children.length === 0;
    const rect = editor.getClientRectAtPosition(start);
    if (rect) {
      const origin = box.parentElement.getBoundingClientRect();
      box.style.top = `${rect.bottom - origin.top + 4}px`;
      box.style.left = `${Math.max(0, Math.min(rect.left - origin.left, origin.width - box.offsetWidth))}px`;
    }
    show();
  };

  element.addEventListener("trix-change", look);
  element.addEventListener("keydown", (event) => {
    if (box.hidden || !found) return;
    const all = options();
    const keys = {
      ArrowDown: () => (at = (at + 1) % all.length),
      ArrowUp: () => (at = (at + all.length - 1) % all.length),
      Enter: () => take(all[at]),
      Tab: () => take(all[at]),
      Escape: close,
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    keys[event.key]();
    if (found) show();
  }, true);
  box.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    event.preventDefault();
    take(option);
  });
}
