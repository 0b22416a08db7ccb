// The chat's button in the corner of this page, and the frame that it opens. What is said in the frame stays in it.
(function (about) {
  "use strict";
  var script = document.currentScript;
  if (!script || window[about.name]) return;
  window[about.name] = true;
  var data = script.dataset;
  var language = about.words[data.language] ? data.language : (document.documentElement.lang || "").slice(0, 2);
  if (!about.words[language]) language = Object.keys(about.words)[0];
  var words = about.words[language];
  var holder = document.createElement("div");
  var root = holder.attachShadow ? holder.attachShadow({ mode: "open" }) : holder;
  var button = document.createElement("button");
  var badge = document.createElement("span");
  var frame = null;
  var isLoaded = false;
  var isOpen = false;

  function look(element, rules) { for (var name in rules) element.style.setProperty(name, rules[name]); }
  function remembered() { try { return localStorage.getItem(about.name); } catch (_e) { return null; } }
  function remember(key) { try { if (key) localStorage.setItem(about.name, key); else localStorage.removeItem(about.name); } catch (_e) { /* not allowed here */ } }
  // White or black, whichever can be read on the colour.
  function ink(colour) {
    var parts = [1, 3, 5].map(function (at) { var c = parseInt(colour.slice(at, at + 2), 16) / 255; return c <= 0.04045 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4); });
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] > 0.18 ? "#000" : "#fff";
  }

  look(holder, { position: "fixed", right: "0", bottom: "0", "z-index": "2147483000" });
  look(button, {
    position: "fixed", right: "20px", bottom: "20px", "min-height": "52px", "max-width": "calc(100vw - 40px)", padding: "0 22px", border: "0", "border-radius": "26px",
    background: about.colour, color: ink(about.colour), font: "600 16px/1.2 system-ui, sans-serif", cursor: "pointer", "box-shadow": "0 4px 16px rgba(0,0,0,.25)",
  });
  look(badge, { display: "none", "margin-left": "10px", padding: "2px 8px", "border-radius": "10px", background: "#b3261e", color: "#fff", "font-size": "14px" });
  button.type = "button";
  button.append(document.createTextNode(words.open), badge);
  button.setAttribute("aria-expanded", "false");
  root.append(button);

  function post(message) { if (isLoaded && frame.contentWindow) frame.contentWindow.postMessage(message, about.origin); }
  function make() {
    if (frame) return;
    frame = document.createElement("iframe");
    frame.title = words.open;
    frame.src = about.frame + "?lang=" + encodeURIComponent(language);
    frame.referrerPolicy = "strict-origin";
    frame.allow = "clipboard-write";
    root.append(frame);
    place();
    // Before that it is a page of this site's own, which is told nothing.
    frame.addEventListener("load", function () { isLoaded = true; post({ chat: "hello", signed: data.user || "", signature: data.signature || "", kept: remembered() || "", isOpen: isOpen }); });
  }
  function place() {
    if (!frame) return;
    var small = window.innerWidth < 520;
    look(frame, {
      position: "fixed", border: "0", display: isOpen ? "block" : "none", "background-color": "transparent", "color-scheme": "light dark",
      right: small ? "0" : "20px", bottom: small ? "0" : "84px", width: small ? "100%" : "390px", height: small ? "100%" : "min(640px, calc(100vh - 104px))",
      "border-radius": small ? "0" : "14px", "box-shadow": "0 8px 32px rgba(0,0,0,.3)",
    });
    button.style.setProperty("display", isOpen && small ? "none" : "inline-block");
  }
  function turn(open) {
    isOpen = open;
    make();
    place();
    button.setAttribute("aria-expanded", String(open));
    button.firstChild.data = open ? words.close : words.open;
    if (open) badge.style.setProperty("display", "none");
    post({ chat: open ? "opened" : "closed" });
    if (open) frame.focus(); else button.focus();
  }
  button.addEventListener("click", function () { turn(!isOpen); });
  window.addEventListener("resize", place);
  window.addEventListener("message", function (event) {
    if (!frame || event.source !== frame.contentWindow || event.origin !== about.origin || !event.data) return;
    if (event.data.chat === "close") turn(false);
    if (event.data.chat === "running") remember(String(event.data.key || "1"));
    if (event.data.chat === "over") remember("");
    if (event.data.chat === "unread" && !isOpen) {
      badge.textContent = String(Number(event.data.count) || "");
      badge.setAttribute("aria-label", words.new);
      badge.style.setProperty("display", event.data.count > 0 ? "inline" : "none");
    }
  });
  function begin() {
    document.body.append(holder);
    // A talk that had begun goes on, whichever page of the site she is on by now.
    if (remembered()) make();
  }
  if (document.body) begin(); else document.addEventListener("DOMContentLoaded", begin);
})({% autoescape off %}{{ about }}{% endautoescape %});
