// Writing: the draft is on the server every few seconds and in this browser at once, so no text is ever lost.
import { toast } from "./toasts.js";
import { listAddress, neighbour } from "./walk.js";
import { offer, remember } from "./leaving.js";
import { suggestIn } from "./suggest.js";

const SAVE_AFTER = 2_000;
const TRY_AGAIN = 5_000;
const STILL_WORKING = 30_000;
const AFTER = "after-sending";

let desk = null; // the composer that is open
let quote = ""; // text marked on the page when "reply" was pressed
let insert = ""; // what a macro puts into the next composer

const escaped = (text) => {
  const box = document.createElement("div");
  box.textContent = text;
  return box.innerHTML.replaceAll("\n", "<br>");
};
const marked = () => {
  const selection = window.getSelection();
  const node = selection.anchorNode;
  const box = (node?.nodeType === Node.ELEMENT_NODE ? node : node?.parentElement)?.closest("[data-quotable]");
  return box && box.contains(selection.focusNode) ? selection.toString().trim() : "";
};

class Desk {
  constructor(form) {
    this.form = form;
    this.editor = form.querySelector("trix-editor");
    this.state = form.querySelector("[data-draft-state]");
    this.key = `draft:${form.dataset.number}:${form.dataset.kind}`;
    this.dirty = false;
    this.clock = null;
    this.saving = null;
    this.active = 0;
    this.ended = false;
    form.addEventListener("input", (event) => {
      if (event.target.matches("[name=to], [name=cc]")) this.changed();
    });
    form.addEventListener("trix-change", () => this.changed());
    form.addEventListener("trix-file-accept", (event) => {
      event.preventDefault();
      this.attach([event.file]);
    });
    form.querySelector("[data-files]")?.addEventListener("change", (event) => this.attach([...event.target.files]));
    form.addEventListener("dragover", (event) => event.preventDefault());
    form.addEventListener("drop", (event) => {
      if (event.defaultPrevented || !event.dataTransfer.files.length) return;
      event.preventDefault();
      this.attach([...event.dataTransfer.files]);
    });
    const after = form.querySelector("[data-after]");
    if (after) {
      after.value = localStorage.getItem(AFTER) ?? "next";
      after.addEventListener("change", () => localStorage.setItem(AFTER, after.value));
    }
    this.work = setInterval(() => this.count(), 1_000);
    suggestIn(this.editor, form.querySelector("#compose-suggestions"), form.dataset.suggest);
  }

  field(name) {
    return this.form.elements[name];
  }

  // The editor has its text: take up what this browser kept after a crash, and what is to be put in.
  ready() {
    const kept = JSON.parse(localStorage.getItem(this.key) ?? "null");
    if (kept && kept.html !== this.field("html").value && kept.version === this.field("version").value) {
      this.editor.editor.loadHTML(kept.html);
      this.changed();
    }
    for (const html of [quote && `<blockquote>${escaped(quote)}</blockquote><br>`, insert]) if (html) this.put(html);
    quote = insert = "";
    // A draft that was there when the page opened does not take the keys: they may be meant for the case.
    if (!this.wasThere) this.editor.focus();
  }

  put(html) {
    const end = this.editor.editor.getDocument().toString().length - 1;
    if (document.activeElement !== this.editor) this.editor.editor.setSelectedRange(end);
    this.editor.editor.insertHTML(html);
    this.editor.focus();
  }

  count() {
    if (document.hidden || !this.active || performance.now() - this.active > STILL_WORKING) return;
    this.field("worked").value = Number(this.field("worked").value || 0) + 1;
  }

  changed() {
    if (this.ended) return;
    this.active = performance.now();
    this.dirty = true;
    const { html, version } = { html: this.field("html").value, version: this.field("version").value };
    localStorage.setItem(this.key, JSON.stringify({ html, version }));
    this.clock ??= setTimeout(() => this.save(), SAVE_AFTER);
  }

  body() {
    this.field("seen").value = document.getElementById("case-timeline")?.dataset.seen || this.field("seen").value;
    const all = new FormData(this.form);
    const body = new URLSearchParams();
    for (const name of ["csrfmiddlewaretoken", "kind", "version", "html", "to", "cc", "seen", "worked"]) {
      if (all.has(name)) body.set(name, all.get(name));
    }
    return body;
  }

  async save(options = {}) {
    clearTimeout(this.clock);
    this.clock = null;
    await this.saving;
    if (!this.dirty || this.ended) return;
    this.saving = this.write(options);
    await this.saving;
  }

  async write(options) {
    this.dirty = false;
    this.state.textContent = this.form.dataset.saving;
    const answer = await fetch(this.form.dataset.draft, { method: "POST", body: this.body(), ...options }).catch(() => null);
    if (answer?.ok) {
      this.field("version").value = (await answer.json()).version;
      if (!this.dirty) localStorage.removeItem(this.key);
      this.state.textContent = this.form.dataset.saved;
    } else if (answer?.status === 409) {
      this.conflict(await answer.json());
    } else if (!this.ended) {
      this.dirty = true;
      this.state.textContent = this.form.dataset.unsaved;
      this.clock ??= setTimeout(() => this.save(), TRY_AGAIN);
    }
  }

  // Another window has saved this draft. Its text is put below this one: both are there, and nothing is lost.
  conflict({ version, html }) {
    const mine = this.field("html").value;
    this.field("version").value = version;
    this.state.textContent = "";
    const bar = this.form.querySelector("[data-conflict]");
    bar.hidden = false;
    bar.textContent = this.form.dataset.elsewhere;
    if (html && html.trim() !== mine.trim() && !mine.includes(html)) {
      this.editor.editor.setSelectedRange(this.editor.editor.getDocument().toString().length - 1);
      this.editor.editor.insertHTML(`<br><br>${html}`);
    }
    this.changed();
  }

  async attach(files) {
    if (!files.length) return;
    await this.save();
    const body = new FormData();
    body.set("csrfmiddlewaretoken", this.field("csrfmiddlewaretoken").value);
    body.set("kind", this.form.dataset.kind);
    files.forEach((file) => body.append("file", file, file.name));
    this.state.textContent = this.form.dataset.saving;
    const answer = await fetch(this.form.dataset.attach, { method: "POST", body }).catch(() => null);
    if (!answer?.ok) {
      toast(document.body.dataset.failed);
      return;
    }
    this.state.textContent = this.form.dataset.saved;
    const fresh = document.createRange().createContextualFragment(await answer.text()).firstElementChild;
    document.getElementById("compose-attachments").replaceWith(fresh);
    window.htmx.process(fresh);
    this.form.querySelector("[data-files]").value = "";
  }

  async send(button) {
    if (this.sending) return;
    this.sending = true;
    clearTimeout(this.clock);
    this.clock = null;
    await this.saving;
    // The editor hands over the last letters with its next frame.
    await Promise.race([new Promise((done) => requestAnimationFrame(() => setTimeout(done))), new Promise((done) => setTimeout(done, 200))]);
    const later = this.field("later");
    if (later && !button?.closest(".dropdown-menu")) later.value = "";
    this.body(); // brings `seen` up to date
    const values = button?.name ? { [button.name]: button.value } : {};
    this.after = this.form.querySelector("[data-after]")?.value ?? "stay";
    await window.htmx.ajax("POST", this.form.action, { source: this.form, target: "#composer", swap: "outerHTML", values });
    this.sending = false;
  }

  // It is on its way, or kept as a note: this browser forgets its copy.
  sent(xhr) {
    this.end();
    localStorage.removeItem(this.key);
    const leaving = xhr.getResponseHeader("X-Leaving");
    if (!leaving) return;
    const back = document.getElementById("case").dataset.url;
    const until = Date.now() + Number(xhr.getResponseHeader("X-Undo-Seconds")) * 1000;
    const { sent: words, takeBackWord: action } = this.form.dataset;
    if (this.after === "stay" || this.field("later")?.value) return;
    remember({ undo: `${back}drafts/${leaving}/taking-back/`, back, until, words, action });
    window.location.assign(this.after === "next" ? neighbour(1) : listAddress());
  }

  end() {
    this.ended = true;
    clearTimeout(this.clock);
    clearInterval(this.work);
  }
}

const find = (wasThere = false) => {
  const form = document.querySelector("form[data-compose]");
  if (desk && (!form || desk.form !== form)) {
    desk.end();
    desk = null;
  }
  if (form && !desk) {
    desk = new Desk(form);
    desk.wasThere = wasThere;
    const { editor } = desk;
    if (editor.editor) desk.ready();
    else editor.addEventListener("trix-initialize", () => desk?.ready(), { once: true });
  }
};

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-compose]");
  if (!form || event.submitter?.matches("[data-discard]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  desk?.send(event.submitter);
}, true);

// Whatever replaces the composer, what is in it is saved first.
document.addEventListener("htmx:confirm", (event) => {
  const link = event.target.closest?.("[data-composer], [data-close-composer]");
  if (!link) return;
  quote = link.dataset.composer === "reply" ? marked() : "";
  if (!desk) return;
  event.preventDefault();
  desk.save().then(() => event.detail.issueRequest());
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!desk || event.detail.target?.id !== "composer") return;
  const { xhr, requestConfig } = event.detail;
  if (requestConfig.path.endsWith("/sending/") && xhr.status === 200) {
    const isOpen = xhr.responseText.includes("data-compose ");
    if (!isOpen) desk.sent(xhr);
  } else if (requestConfig.path.endsWith("/discarding/")) {
    desk.end();
    localStorage.removeItem(desk.key);
  }
});
document.addEventListener("htmx:afterSettle", () => find());
document.addEventListener("desk:insert", (event) => {
  if (desk) {
    desk.put(event.detail);
    return;
  }
  insert = event.detail;
  document.querySelector("[data-composer=reply]")?.click();
});
// "r" with the composer open already: the marked text is put into it.
document.addEventListener("keydown", (event) => {
  if (event.key !== "r" || event.ctrlKey || event.metaKey || event.altKey || !desk) return;
  if (event.target.closest("input, textarea, select, trix-editor, dialog")) return;
  event.preventDefault();
  const text = marked();
  if (text) desk.put(`<blockquote>${escaped(text)}</blockquote><br>`);
  desk.editor.focus();
});
window.addEventListener("pagehide", () => desk?.save({ keepalive: true }));
document.addEventListener("visibilitychange", () => {
  if (document.hidden) desk?.save();
});
window.addEventListener("pageshow", offer);
find(true);
