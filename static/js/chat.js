// The visitor's side of a chat, within the frame of a site's page. Everything is put in as text, never as markup.
const { base, name, language, lost, you, types, wait, failed, over, sites } = document.body.dataset;
const at = (id) => document.getElementById(id);
const lines = at("lines");
const scroll = at("scroll");
const known = new Set();
let key = kept();
let last = 0;
let isOpen = window.parent === window;
let unread = 0;
let state = "";
let signed = { signed: "", signature: "" };
let asking = null;
let spokeAt = Date.now();

function kept() {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}
// Where the browser keeps nothing for a frame, the site's own page keeps the key for it.
function keep(value) {
  key = value;
  let own = true;
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {
    own = false;
  }
  tell(value ? { chat: "running", key: own ? "" : value } : { chat: "over" });
}
const tell = (message) => {
  if (window.parent !== window) window.parent.postMessage(message, site());
};
// Only the site that shows this page is spoken to, and only one that may show it is listened to.
const allowed = new Set([...sites.split(" ").filter(Boolean), window.location.origin]);
let host = "";
const site = () => host || (document.referrer ? new URL(document.referrer).origin : window.location.origin);

window.addEventListener("message", (event) => {
  if (event.source !== window.parent || !allowed.has(event.origin)) return;
  host = event.origin;
  const { data } = event;
  if (data?.chat === "hello") {
    signed = { signed: String(data.signed ?? ""), signature: String(data.signature ?? "") };
    // Who is signed for need not say who she is.
    at("who").hidden = Boolean(signed.signature);
    isOpen = Boolean(data.isOpen);
    if (!key && /^[\w-]{20,}$/.test(data.kept ?? "")) {
      key = data.kept;
      listen();
    }
    if (isOpen) focus();
  }
  if (data?.chat === "opened") {
    isOpen = true;
    unread = 0;
    focus();
  }
  if (data?.chat === "closed") isOpen = false;
});

function focus() {
  const field = at("talk").hidden ? at("begin").querySelector("input:not([type=hidden]), textarea") : at("line");
  (at("who").hidden && at("talk").hidden ? at("id_text") : field)?.focus();
}

async function ask(path, options = {}) {
  const answer = await fetch(`${base}${path}${path.includes("?") ? "&" : "?"}lang=${language}`, { ...options, headers: { "X-Chat-Key": key, ...options.headers }, credentials: "omit", cache: "no-store" });
  const body = answer.status === 204 ? {} : await answer.json();
  return { status: answer.status, body };
}
const form = (values) => ({ method: "POST", body: Object.entries(values).reduce((data, [field, value]) => (data.append(field, value), data), new FormData()) });

function say(problem, where = at("problem")) {
  where.hidden = !problem;
  where.textContent = problem ?? "";
}

function add(line, isFresh) {
  if (known.has(line.id)) return;
  known.add(line.id);
  if (typeof line.id === "number") last = Math.max(last, line.id);
  const item = at("line-template").content.firstElementChild.cloneNode(true);
  item.className = `line ${line.side}`;
  item.dataset.id = line.id;
  item.querySelector(".who").textContent = line.side === "event" ? "" : `${line.side === "visitor" ? you : line.who} · ${line.at}`;
  item.querySelector(".text").textContent = line.side === "event" ? `${line.who ? `${line.who} ` : ""}${line.text}` : line.text;
  if (line.file) {
    const button = item.querySelector(".file");
    button.hidden = false;
    button.textContent = `${line.file.name} (${line.file.size})`;
    button.addEventListener("click", () => save(line.file));
  }
  if (!item.querySelector(".text").textContent) item.querySelector(".text").remove();
  const stays = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight > 80;
  lines.append(item);
  if (!stays || line.side === "visitor") scroll.scrollTop = scroll.scrollHeight;
  if (isFresh && line.side === "agent" && !isOpen) {
    unread += 1;
    tell({ chat: "unread", count: unread });
  }
  return item;
}

async function save(file) {
  const answer = await fetch(`${base}files/${file.id}/`, { headers: { "X-Chat-Key": key }, credentials: "omit" });
  if (!answer.ok) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function show(news) {
  const isFirst = at("talk").hidden;
  at("begin").hidden = at("offline").hidden = true;
  at("talk").hidden = false;
  for (const line of news.lines ?? []) add(line, !isFirst);
  if (!news.state) return;
  if (news.state !== state && news.state === "over") tell({ chat: "over" });
  state = news.state;
  at("standing").textContent = state === "waiting" ? news.words : state === "over" ? over : "";
  at("standing").hidden = state === "talking";
  at("typing").textContent = news.typing ? `${news.typing} ${types}` : "";
  at("line-form").hidden = at("leave").hidden = state === "over";
  at("instead").hidden = state !== "waiting";
  at("again").hidden = state !== "over";
  at("mail").hidden = state !== "over" || !news.may_mail;
}

// Asks every second while somebody talks, seldom while nobody looks. What fails is asked again a little later.
let failures = 0;
async function listen() {
  clearTimeout(asking);
  if (!key || state === "over") return;
  try {
    const { status, body } = await ask(`news/?after=${last}`);
    if (status === 404) {
      reset();
      return;
    }
    if (status === 200) {
      if (failures) say("");
      failures = 0;
      show(body);
      flush();
    } else failures += 1;
  } catch {
    failures += 1;
  }
  if (failures > 2) say(lost);
  const lively = Date.now() - spokeAt < 60_000 ? 1_000 : 2_000;
  const pause = failures ? Math.min(20_000, 1_500 * 2 ** failures) : document.hidden || !isOpen ? 4_000 : lively;
  asking = setTimeout(listen, pause * (0.8 + Math.random() * 0.4));
}

function reset() {
  keep("");
  window.location.reload();
}

// ---- Begin
at("begin-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.target.querySelector(".send");
  const problem = event.target.querySelector("[role=alert]");
  button.disabled = true;
  try {
    const values = Object.fromEntries(new FormData(event.target));
    const { status, body } = await ask("beginning/", form({ ...values, ...signed }));
    if (status === 200) {
      keep(body.key);
      show(body);
      at("line").focus();
      listen();
    } else say((body.problems ?? [failed]).join(" "), problem);
  } catch {
    say(lost, problem);
  }
  button.disabled = false;
});

// ---- Write: what is not through yet is kept in order and sent again with the same key
const queue = [];
let sending = false;
async function flush() {
  if (sending || !queue.length) return;
  sending = true;
  while (queue.length) {
    const { path, values, item } = queue[0];
    try {
      const { status, body } = await ask(path, form(values));
      if (status >= 500) throw new Error(status);
      queue.shift();
      item.remove();
      if (status === 200) {
        say("");
        add(body.line, false);
      } else say((body.problems ?? [failed]).join(" "));
    } catch {
      item.querySelector(".who").textContent = failed;
      break;
    }
  }
  sending = false;
}
const fresh = () => (crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random().toString(16).slice(2)}`);
function put(path, values, text) {
  const id = fresh();
  spokeAt = Date.now();
  const item = add({ id: `own-${id}`, side: "visitor", at: "", text }, false);
  item.classList.add("pending");
  item.querySelector(".who").textContent = wait;
  item.addEventListener("click", flush);
  queue.push({ path, values: { ...values, key: id }, item });
  flush();
}
at("line-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = at("line").value.trim();
  if (!text) return;
  at("line").value = "";
  put("lines/", { text }, text);
});
at("line").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  at("line-form").requestSubmit();
});
let typedAt = 0;
at("line").addEventListener("input", () => {
  if (Date.now() - typedAt < 3_000) return;
  typedAt = Date.now();
  ask("typing/", { method: "POST" }).catch(() => {});
});
at("clip").addEventListener("click", () => at("file").click());
at("file").addEventListener("change", () => {
  const [file] = at("file").files;
  at("file").value = "";
  if (file) put("files/", { file }, file.name);
});

// ---- Ways out
at("leave").addEventListener("click", async () => {
  if (state === "talking" && !window.confirm(at("leave").dataset.sure)) return;
  const { status, body } = await ask("leaving/", { method: "POST" });
  if (status === 200) show(body);
});
at("instead").addEventListener("click", () => ask("leaving/", { method: "POST", keepalive: true }).catch(() => {}));
at("mail").addEventListener("click", async () => {
  const { body } = await ask("transcript/", { method: "POST" });
  at("standing").textContent = body.words ?? "";
  at("mail").hidden = true;
});
at("again").addEventListener("click", reset);
at("close").addEventListener("click", () => tell({ chat: "close" }));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") tell({ chat: "close" });
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) listen();
});
window.addEventListener("online", listen);
if (window.parent === window) at("close").hidden = true;
if (key) listen();
