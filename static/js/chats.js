// The agent's chats: fetches what the stream says has changed, sends by Enter, offers saved replies, walks by keys.
import "./chats_replies.js";

const board = document.querySelector(".chats");
const talk = document.querySelector(".chats-talk");
const list = document.getElementById("chat-lines");
const scroll = list?.parentElement;
const form = document.getElementById("chat-compose");
const text = document.getElementById("chat-text");

const part = async (address) => {
  const answer = await fetch(address, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
  if (!answer.ok || answer.redirected) return null;
  const fresh = document.createElement("template");
  fresh.innerHTML = await answer.text();
  return fresh.content;
};
const busy = (element) => element?.contains(document.activeElement) && element.querySelector("details[open]");

async function lookAround() {
  const side = document.getElementById("chats-side");
  const fresh = await part(side.dataset.address);
  if (!fresh) return;
  const had = document.activeElement?.closest?.("#chats-side") ? document.activeElement.getAttribute("href") : null;
  side.replaceWith(fresh);
  window.htmx?.process(document.getElementById("chats-side"));
  if (had) document.querySelector(`#chats-side [href="${CSS.escape(had)}"]`)?.focus();
}

let typingTimer = 0;
async function listen() {
  if (!talk) return;
  const last = list.querySelector("li:last-child")?.dataset.line ?? 0;
  const fresh = await part(`${talk.dataset.news}?after=${last}${document.hidden ? "&away=1" : ""}`);
  if (!fresh) return;
  const bar = fresh.getElementById("chat-bar");
  const old = document.getElementById("chat-bar");
  const types = bar.dataset.types === "yes";
  // A menu that is open would close under the hand.
  if (!old.querySelector("details[open]")) {
    const changed = old.dataset.state !== bar.dataset.state || old.dataset.mine !== bar.dataset.mine;
    old.replaceWith(bar);
    if (changed && form) form.hidden = bar.dataset.mine !== "yes";
  }
  const below = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  for (const line of fresh.querySelectorAll("#chat-lines li")) {
    if (!list.querySelector(`[data-line="${line.dataset.line}"]`)) list.append(line);
  }
  if (below) scroll.scrollTop = scroll.scrollHeight;
  const typing = document.getElementById("chat-typing");
  typing.textContent = types ? `${typing.dataset.name} ${typing.dataset.words}` : "";
  clearTimeout(typingTimer);
  if (types) typingTimer = setTimeout(() => (typing.textContent = ""), 7_000);
}

let asking = false;
let again = false;
async function ask() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    await Promise.all([lookAround(), listen()]);
  } catch {
    // The network is away; the stream says so when it is back.
  }
  asking = false;
  if (again) {
    again = false;
    ask();
  }
}

if (board) {
  if (scroll) scroll.scrollTop = scroll.scrollHeight;
  text?.focus();
  document.addEventListener("desk:changed", ({ detail: { kinds } }) => {
    if (!kinds.length || kinds.some((kind) => kind === "me" || kind === "everything" || kind.startsWith("chat:"))) ask();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) ask();
  });
}

if (form) {
  const problem = form.querySelector("[role=alert]");
  const say = (words) => {
    problem.hidden = !words;
    problem.textContent = words;
  };
  const key = () => (crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random().toString(16).slice(2)}`);
  const draft = `chat-draft:${board.dataset.chat}`;
  text.value ||= sessionStorage.getItem(draft) ?? "";
  form.elements.key.value = key();
  const post = async (address, data) => {
    const answer = await fetch(address, { method: "POST", body: data, headers: { "X-Script": "1" }, credentials: "same-origin" });
    if (answer.ok) return "";
    const body = await answer.json().catch(() => ({}));
    return (body.problems ?? [talk.dataset.failed]).join(" ");
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = text.value;
    if (!said.trim()) return;
    const data = new FormData(form);
    text.value = "";
    const wrong = await post(form.action, data).catch(() => talk.dataset.failed);
    say(wrong);
    if (wrong) {
      // The same key goes with it again: what did arrive is not said twice.
      text.value = said + (text.value ? `\n${text.value}` : "");
    } else {
      form.elements.key.value = key();
      sessionStorage.removeItem(draft);
    }
    text.focus();
    listen();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.defaultPrevented) return;
    event.preventDefault();
    form.requestSubmit();
  });
  let typedAt = 0;
  text.addEventListener("input", () => {
    sessionStorage.setItem(draft, text.value);
    if (Date.now() - typedAt < 3_000 || !text.value) return;
    typedAt = Date.now();
    const data = new FormData();
    data.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    post(talk.dataset.typing, data).catch(() => {});
  });
  const chooser = form.querySelector("[type=file]");
  form.querySelector("[data-clip]").addEventListener("click", () => chooser.click());
  const send = async (file) => {
    const data = new FormData();
    data.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    data.append("key", key());
    data.append("file", file);
    say(await post(talk.dataset.files, data).catch(() => talk.dataset.failed));
    listen();
  };
  chooser.addEventListener("change", () => {
    for (const file of chooser.files) send(file);
    chooser.value = "";
  });
  for (const kind of ["dragover", "drop"]) {
    talk.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      if (kind === "drop") for (const file of event.dataTransfer.files) send(file);
    });
  }
}

// 1 to 9 open her chats, where nobody is writing.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select, [contenteditable], dialog")) {
    // From the field too, with Alt: the hands need not leave it.
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
  }
  if (localStorage.getItem("single-keys") === "off" && !event.altKey) return;
  if (/^[1-9]$/.test(event.key)) document.querySelector(`.chats-one[data-place="${event.key}"]`)?.click();
});
