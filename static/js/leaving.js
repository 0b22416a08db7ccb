// A message that has been sent can be taken back for a few seconds, also from the page that was opened meanwhile.
import { toast } from "./toasts.js";

const KEY = "leaving";
const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

export const remember = (what) => sessionStorage.setItem(KEY, JSON.stringify(what));

export function offer() {
  const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  const left = kept ? (kept.until - Date.now()) / 1000 : 0;
  sessionStorage.removeItem(KEY);
  if (left <= 1) return;
  remember(kept);
  toast(kept.words, {
    action: kept.action,
    seconds: left - 0.5,
    onAction: async () => {
      sessionStorage.removeItem(KEY);
      const body = new URLSearchParams({ csrfmiddlewaretoken: token() });
      await fetch(kept.undo, { method: "POST", body });
      window.location.assign(kept.back);
    },
  });
}

offer();
