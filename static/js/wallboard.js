// A screen on a wall: asks every second what is shown now, counts the waits by itself between, and says when it hears nothing.
// Nobody sits before it: it must come back by itself from whatever happened.

const EVERY = 900;
const LOST = 5_000;
const address = document.body.dataset.now;
const at = (name) => document.getElementById(name);
let mark = "";
let heard = 0;
let waits = [];
// How far this clock is from the server's.
let ahead = 0;

const clock = (moment) => new Date(moment).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const length = (since) => {
  const seconds = Math.max(0, Math.floor((Date.now() - ahead - Date.parse(since)) / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const rest = String(seconds % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
};

function tell(name, text) {
  const element = at(name);
  if (element && element.textContent !== text) element.textContent = text;
}

// Good and bad have a sign and a frame, not a colour alone.
function judge(box, sign, look) {
  at(box).dataset.look = look;
  tell(sign, { good: "✓ ", bad: "! " }[look] ?? "");
}

function line(tag, parts) {
  const row = document.createElement(tag);
  for (const [name, text] of parts) {
    const part = document.createElement(name);
    part.textContent = text;
    row.append(part);
  }
  return row;
}

function show(now) {
  ahead = Date.now() - Date.parse(now.at);
  tell("waiting", now.waiting);
  tell("phone", now.phone);
  tell("chat", now.chat);
  tell("level", now.level.figure);
  tell("level-parts", now.level.parts);
  tell("level-target", now.level.target);
  tell("expected", now.level.expected);
  judge("level-box", "level-sign", now.level.look);
  judge("expected-box", "expected-sign", now.level.expected_look);
  document.querySelectorAll("[data-state]").forEach((element) => {
    element.textContent = now.agents[element.dataset.state] ?? "0";
  });
  at("names")?.replaceChildren(...now.names.map((one) => line("li", [["span", one.name], ["small", one.state]])));
  at("incidents-box").hidden = now.incidents.length === 0;
  at("incidents").replaceChildren(...now.incidents.map((one) => line("li", [["span", one.title], ["small", clock(one.since)]])));
  waits = [["longest", now.since]];
  at("queues").replaceChildren(
    ...now.queues.map((one, index) => {
      const row = line("tr", [["th", one.name], ["td", one.waiting], ["td", ""]]);
      row.lastChild.id = `wait-${index}`;
      row.firstChild.scope = "row";
      waits.push([`wait-${index}`, one.since]);
      return row;
    }),
  );
  tick();
}

function tick() {
  waits.forEach(([name, since]) => tell(name, since ? length(since) : "–"));
  tell("clock", clock(Date.now()));
  const lost = at("lost");
  lost.hidden = !heard || Date.now() - heard < LOST;
  if (!lost.hidden) tell("lost", `${document.body.dataset.lost} ${clock(heard)}`);
}

async function ask() {
  try {
    const answer = await fetch(address, { cache: "no-store", headers: mark ? { "If-None-Match": mark } : {}, credentials: "omit" });
    if (answer.ok) {
      mark = answer.headers.get("ETag") ?? "";
      show(await answer.json());
    }
    if (answer.ok || answer.status === 304) heard = Date.now();
    // The link was taken back: what stands here is no longer for these eyes.
    if (answer.status === 404) window.location.reload();
  } catch {
    // No connection: what stands there stays, with the time that it is of.
  }
  setTimeout(ask, EVERY);
}

setInterval(tick, 1_000);
ask();
