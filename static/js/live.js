// Listens to the live stream and says on the document what changed ("desk:changed", detail.kinds).
// While the stream is down it says every 15 s that anything may have changed.

const POLL = 15_000;
// Even a stream that is up may be told nothing, when the worker is down.
const BELT = 60_000;

const say = (kinds) => document.dispatchEvent(new CustomEvent("desk:changed", { detail: { kinds } }));

function listen(address, show) {
  let stream;
  let told = Date.now();
  const open = () => {
    stream = new EventSource(address, { withCredentials: true });
    stream.addEventListener("open", () => {
      show("on");
      told = Date.now();
      say([]);
    });
    stream.addEventListener("changed", (event) => {
      told = Date.now();
      say(JSON.parse(event.data).kinds);
    });
    // The session is over: what stands here is no longer for these eyes.
    stream.addEventListener("over", () => window.location.reload());
    stream.addEventListener("error", () => {
      show("off");
      // A lost connection is taken up again by the browser itself; one that was refused is not.
      if (stream.readyState === EventSource.CLOSED) setTimeout(open, 5_000 + Math.random() * 10_000);
    });
  };
  open();
  setInterval(() => {
    const limit = stream.readyState === EventSource.OPEN ? BELT : POLL;
    if (Date.now() - told < limit) return;
    told = Date.now();
    say([]);
  }, 1_000);
  window.addEventListener("pagehide", () => stream.close());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) open();
  });
}

const board = document.querySelector("[data-live]");
const topics = document.body.dataset.topics;
const address = board ? board.dataset.live : topics && `/live/?topics=${topics}`;
if (address) {
  const label = board?.querySelector("[data-live-state]");
  listen(address, (state) => {
    if (!label) return;
    label.dataset.state = state;
    label.textContent = state === "on" ? label.dataset.on : label.dataset.off;
  });
}
